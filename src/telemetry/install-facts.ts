import type { ProcessFacts } from '../lib/process-facts.ts'
import { nodeMajors, operatingSystems } from './vocabulary.ts'
import type { LaunchMethod, LifecycleSource, NodeMajor, OperatingSystem } from './vocabulary.ts'

type Environment = ProcessFacts['environment']

/** How and where this process runs, in closed lists: no value of a variable goes any further (T20). */
export interface LaunchFacts {
  readonly is_ci: boolean
  readonly is_container: boolean
  readonly launch_method: LaunchMethod
}

/**
 * Whether whoever runs this process has asked not to be tracked (consoledonottrack.com). Only an empty value, `0` and
 * `false` mean they have not: what is doubtful is taken for a no.
 */
export function isOptedOut(environment: Environment): boolean {
  const value = environment['DO_NOT_TRACK']?.trim().toLowerCase() ?? ''
  return !['', '0', 'false'].includes(value)
}

export function launchFacts(source: LifecycleSource, facts: ProcessFacts): LaunchFacts {
  const { environment } = facts
  const is_container = facts.inContainer || isSet(environment['KUBERNETES_SERVICE_HOST'])
  const launch_method = source === 'embedded' ? 'embedded' : launchMethod(facts, is_container)
  return { is_ci: ciVariables.some((name) => isSet(environment[name])), is_container, launch_method }
}

const ciVariables = [
  'CI',
  'GITHUB_ACTIONS',
  'GITLAB_CI',
  'BUILDKITE',
  'JENKINS_URL',
  'TF_BUILD',
  'TEAMCITY_VERSION',
]

function launchMethod({ environment, pid }: ProcessFacts, inContainer: boolean): LaunchMethod {
  if (environment['npm_command'] === 'exec' || environment['npm_lifecycle_event'] === 'npx') return 'npx'
  if (environment['npm_lifecycle_event'] !== undefined) return 'npm'
  if (inContainer) return 'container'
  // systemd names the process it started; its other variables are inherited by every shell below it.
  if (environment['SYSTEMD_EXEC_PID'] === String(pid) || isSet(environment['pm_id'])) return 'service'
  return 'other'
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value.trim().toLowerCase())
}

export function operatingSystem(platform: string): OperatingSystem {
  return operatingSystems.find((known) => known === platform) ?? 'other'
}

export function nodeMajor(version: string): NodeMajor {
  const major = version.replace(/^v/, '').split('.')[0]
  return nodeMajors.find((known) => known === major) ?? 'other'
}

/** `dev` in a checkout. Of anything else only the three numbers: a suffix could name somebody (T22). */
export type ReleasedVersion = 'dev' | `${number}.${number}.${number}`

export function releasedVersion(version: string, inCheckout: boolean): ReleasedVersion {
  const parts = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?![\d.])/.exec(version)
  if (inCheckout || parts === null) return 'dev'
  return `${Number(parts[1])}.${Number(parts[2])}.${Number(parts[3])}`
}
