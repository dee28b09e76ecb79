import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import { fieldOf } from '../src/telemetry/field.ts'
import type { Declared } from '../src/telemetry/field.ts'
import { metrics } from '../src/telemetry/metric-catalogue.ts'
import type { Metric } from '../src/telemetry/metric-catalogue.ts'

/** Added by whoever scrapes. */
const scraperLabels = ['job', 'instance']
const rates = new Set(['rate', 'irate', 'increase'])
const histogramEnds = ['_bucket', '_sum', '_count']

interface Series {
  readonly metric: Metric
  readonly labels: Readonly<Record<string, Declared | null>>
}

/** A series name of `/metrics`: that of a metric, or of one part of a histogram. */
function seriesOf(name: string): Series | null {
  const all: Readonly<Record<string, Metric>> = metrics
  const outer = Object.fromEntries(scraperLabels.map((label) => [label, null]))
  const plain = all[name]
  if (plain !== undefined) {
    return plain.type === 'histogram' ? null : { metric: plain, labels: { ...plain.labels, ...outer } }
  }
  const end = histogramEnds.find((one) => name.endsWith(one))
  const metric = end === undefined ? undefined : all[name.slice(0, -end.length)]
  if (metric?.type !== 'histogram') return null
  return { metric, labels: { ...metric.labels, ...outer, ...(end === '_bucket' ? { le: null } : {}) } }
}

/**
 * What is wrong with an expression: syntax, a series or label that no code emits, a value outside its list, a gauge of
 * the store that is summed over replicas, a quotient of rates that is not one of sums (always 1, T35).
 */
export function promqlProblems(text: string): string[] {
  // Grafana puts durations for these.
  const expression = text.replaceAll(/\$__(?:rate_interval|interval|range)\b/g, '5m')
  const of = (node: SyntaxNode) => expression.slice(node.from, node.to)
  const problems: string[] = []
  const tree = parser.parse(expression)
  tree.iterate({
    enter({ node, type }) {
      if (type.isError) problems.push(`cannot be read at ${JSON.stringify(expression.slice(node.from))}`)
      else if (node.name === 'VectorSelector') problems.push(...selectorProblems(node, of))
      else if (node.name === 'AggregateExpr') problems.push(...groupingProblems(node, of))
      else if (node.name === 'BinaryExpr' && node.getChild('Div') !== null)
        problems.push(...quotientProblems(node, of))
    },
  })
  return problems
}

type TextOf = (node: SyntaxNode) => string

function selectorProblems(node: SyntaxNode, of: TextOf): string[] {
  const identifier = node.getChild('Identifier')
  const name = identifier === null ? '' : of(identifier)
  const series = seriesOf(name)
  if (series === null) return [`${name === '' ? of(node) : name} is no series of the catalogue`]
  const problems: string[] = []
  for (const matcher of node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [])
    problems.push(...matcherProblems(matcher, name, series, of))
  const aggregate = enclosing(node, 'AggregateExpr')
  const operator = aggregate?.getChild('AggregateOp')
  const isLargest = operator !== null && operator !== undefined && of(operator) === 'max'
  if (series.metric.inStore === true && !isLargest)
    problems.push(`${name} is counted in the store, equal on every replica: take max, not the sum`)
  return problems
}

function matcherProblems(matcher: SyntaxNode, name: string, series: Series, of: TextOf): string[] {
  const [label, operator, value] = ['LabelName', 'MatchOp', 'StringLiteral'].map((kind) => {
    const node = matcher.getChild(kind)
    return node === null ? '' : of(node)
  }) as [string, string, string]
  const declared = series.labels[label]
  if (declared === undefined) return [`${name} has no label ${label}`]
  if (declared === null) return []
  const field = fieldOf(declared)
  const text = value.slice(1, -1)
  // A registered name is known at run time only; `$upstream` stands for a choice of the reader.
  if (field.kind !== 'oneOf' || text.includes('$')) return []
  if (text === '' && 'maybe' in declared) return []
  const wanted = operator.endsWith('~') ? text.split('|') : [text]
  return wanted
    .filter((one) => !field.values.includes(one))
    .map((one) => `${label}=${JSON.stringify(one)} is no value of ${name}`)
}

/** The labels a group is made by must be on everything inside it. */
function groupingProblems(node: SyntaxNode, of: TextOf): string[] {
  const labels = groupedBy(node, of)
  const problems: string[] = []
  for (const selector of inside(node, 'VectorSelector')) {
    const identifier = selector.getChild('Identifier')
    const series = identifier === null ? null : seriesOf(of(identifier))
    if (series === null || identifier === null) continue
    for (const label of labels)
      if (series.labels[label] === undefined) problems.push(`${of(identifier)} has no label ${label}`)
  }
  return problems
}

function groupedBy(node: SyntaxNode, of: TextOf): string[] {
  const grouping = node.getChild('AggregateModifier')?.getChild('GroupingLabels')
  return (grouping?.getChildren('LabelName') ?? []).map(of).sort()
}

/** Series of the same labels divide pairwise: without a sum on both sides a share of errors is 1 wherever it exists. */
function quotientProblems(node: SyntaxNode, of: TextOf): string[] {
  const sides = [node.firstChild, node.lastChild].map((side) => (side === null ? null : coreOf(side)))
  const rated = sides.filter((side) => side !== null && hasRate(side, of))
  if (rated.length === 0) return []
  const [left, right] = sides
  if (left?.name !== 'AggregateExpr' || right?.name !== 'AggregateExpr')
    return ['a quotient of rates needs a sum on both sides']
  if (node.getChild('MatchingModifierClause') !== null) return []
  return groupedBy(left, of).join() === groupedBy(right, of).join()
    ? []
    : ['both sides of a quotient must be grouped by the same labels']
}

/** Looks through parentheses and `clamp_min(…, 1)`. */
function coreOf(node: SyntaxNode): SyntaxNode {
  if (node.name === 'ParenExpr' && node.firstChild !== null) return coreOf(node.firstChild)
  const called = node.getChild('FunctionIdentifier')?.getChild('ClampMin') ?? null
  const inner = node.getChild('FunctionCallBody')?.firstChild ?? null
  return called === null || inner === null ? node : coreOf(inner)
}

function hasRate(node: SyntaxNode, of: TextOf): boolean {
  return inside(node, 'FunctionIdentifier').some((name) => rates.has(of(name)))
}

function inside(node: SyntaxNode, name: string): SyntaxNode[] {
  const found: SyntaxNode[] = []
  node.cursor().iterate((inner) => {
    if (inner.name === name) found.push(inner.node)
  })
  return found
}

function enclosing(node: SyntaxNode, name: string): SyntaxNode | null {
  for (let outer = node.parent; outer !== null; outer = outer.parent) if (outer.name === name) return outer
  return null
}
