import type { Config } from '../config/load.ts'
import { Failure } from '../lib/error.ts'
import { inspectSetup } from '../server/inspect-setup.ts'
import type { Finding } from '../server/finding.ts'
import { UsageError } from './command.ts'
import type { Command } from './command.ts'

const marks = { ok: 'ok  ', warning: 'warn', problem: 'FAIL' } as const

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Checks configuration, store, upstreams and clocks; says what to fix.',
  operands: [],
  flags: {
    upstream: { summary: 'An MCP server to check; may be repeated.', value: 'NAME=URL', repeatable: true },
  },
  allOptions: true,
  async run({ config, surroundings, input, print }) {
    const findings: Finding[] = []
    const loaded = attempt(config, findings)
    if (loaded !== null) findings.push(...(await inspectSetup(loaded, surroundings)))
    const problems = findings.filter(({ level }) => level === 'problem').length
    if (input.json) print(JSON.stringify({ ok: problems === 0, findings }))
    else
      for (const { level, what, fix } of findings)
        print(`${marks[level]}  ${what}${fix === undefined ? '' : `: ${fix}`}`)
    if (problems === 0) return
    const fix = 'see the findings above'
    throw new Failure({
      code: 'doctor_found',
      status: 500,
      message: `${problems} of ${findings.length} checks failed`,
      fix,
    })
  },
}

function attempt(config: () => Config, findings: Finding[]): Config | null {
  try {
    const loaded = config()
    findings.push({ level: 'ok', what: 'the configuration is valid' })
    for (const warning of loaded.warnings) findings.push({ level: 'warning', what: warning })
    return loaded
  } catch (error) {
    if (!(error instanceof Failure || error instanceof UsageError)) throw error
    findings.push({
      level: 'problem',
      what: error.message,
      ...(error.fix === undefined ? {} : { fix: error.fix }),
    })
    return null
  }
}
