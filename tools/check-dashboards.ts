import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { promqlProblems } from './promql-problems.ts'
import { readSourceFiles, report } from './source-files.ts'
import type { Finding, SourceFile } from './source-files.ts'

export interface Expression {
  readonly path: string
  /** What it is written for: a panel, a variable or an alert. */
  readonly where: string
  readonly text: string
}

interface Panel {
  readonly title?: string
  readonly targets?: readonly { readonly expr?: string }[]
  readonly panels?: readonly Panel[]
}

interface Dashboard {
  readonly panels?: readonly Panel[]
  readonly templating?: { readonly list?: readonly { readonly name?: string; readonly query?: unknown }[] }
}

interface Rules {
  readonly groups?: readonly {
    readonly rules?: readonly { readonly alert?: string; readonly record?: string; readonly expr?: string }[]
  }[]
}

/** Every expression of a dashboard (JSON) or of a file of rules (YAML). */
export function expressionsOf({ path, text }: SourceFile): Expression[] {
  if (path.endsWith('.json')) {
    const { panels = [], templating } = JSON.parse(text) as Dashboard
    const variables = (templating?.list ?? []).flatMap(({ name = '', query }) => {
      const label = typeof query === 'string' ? /^label_values\((.+), (\w+)\)$/.exec(query) : null
      const asked = label === null ? null : `sum by (${label[2] ?? ''}) (${label[1] ?? ''})`
      return asked === null ? [] : [{ path, where: `variable ${name}`, text: asked }]
    })
    return [...panels.flatMap((panel) => panelExpressions(path, panel)), ...variables]
  }
  const { groups = [] } = parse(text) as Rules
  return groups
    .flatMap(({ rules = [] }) => rules)
    .map(({ alert, record, expr = '' }) => ({ path, where: `rule ${alert ?? record ?? ''}`, text: expr }))
}

function panelExpressions(path: string, { title = '', targets = [], panels = [] }: Panel): Expression[] {
  const own = targets.map(({ expr = '' }) => ({ path, where: `panel ${title}`, text: expr }))
  return [...own, ...panels.flatMap((panel) => panelExpressions(path, panel))]
}

/** All files of a checkout that carry expressions; the unit tests of the rules carry none of their own. */
export function dashboardFiles(root: string): SourceFile[] {
  return readSourceFiles(root, 'dashboards/*.{json,yaml}').filter(({ path }) => !path.endsWith('.test.yaml'))
}

export function dashboardFindings(files: readonly SourceFile[]): Finding[] {
  return files
    .flatMap(expressionsOf)
    .flatMap(({ path, where, text }) =>
      promqlProblems(text).map((problem) => ({ path, line: 1, message: `${where}: ${problem}` })),
    )
}

/** Alerts that no unit test names, and so may never have fired or been silent. */
export function untestedAlerts(rules: string, tests: string): string[] {
  const { groups = [] } = parse(rules) as Rules
  const names = groups.flatMap(({ rules = [] }) => rules.flatMap(({ alert }) => alert ?? []))
  const cases = alertCases(tests)
  return names.filter(
    (name) =>
      !cases.some((one) => one.name === name && one.fires) ||
      !cases.some((one) => one.name === name && !one.fires),
  )
}

interface RuleTests {
  readonly tests?: readonly {
    readonly alert_rule_test?: readonly {
      readonly alertname: string
      readonly exp_alerts?: readonly unknown[]
    }[]
  }[]
}

function alertCases(text: string): { readonly name: string; readonly fires: boolean }[] {
  const { tests = [] } = parse(text) as RuleTests
  return tests.flatMap(({ alert_rule_test: cases = [] }) =>
    cases.map(({ alertname, exp_alerts: expected = [] }) => ({
      name: alertname,
      fires: expected.length > 0,
    })),
  )
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..')
  const read = (name: string) => readFileSync(resolve(root, 'dashboards', name), 'utf8')
  const untested = untestedAlerts(read('alerts.yaml'), read('alerts.test.yaml')).map((name) => ({
    path: 'dashboards/alerts.test.yaml',
    line: 1,
    message: `${name} needs a case in which it fires and one in which it does not`,
  }))
  process.exitCode = report([...dashboardFindings(dashboardFiles(root)), ...untested])
}
