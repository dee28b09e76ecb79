import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Child } from './child.ts'
import { ownCheckout, startGateway, startRelay, startUpstream } from './contestants.ts'
import { answerKinds } from './exchange.ts'
import type { LoadOrder, LoadResult } from './messages.ts'

/** What of V8's profile format is read here. Times are in microseconds. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    relay: { type: 'boolean', default: false },
    checkout: { type: 'string', default: ownCheckout },
    kind: { type: 'string', default: 'json' },
    connections: { type: 'string', default: '32' },
    top: { type: 'string', default: '45' },
  },
})
const checkout = resolve(flags.checkout)
const kind = answerKinds.find((known) => known === flags.kind) ?? 'json'

/** Profiles the gateway, or the bare relay to compare it with. */
async function profileRun(directory: string): Promise<{ profile: CpuProfile; requests: number }> {
  const upstream = await startUpstream(null)
  const own = join(directory, 'own')
  await mkdir(own)
  const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${join(directory, 'profile')}`, '--cpu-prof-interval=200']
  const store = 'sqlite:./store.db'
  const options = {
    name: 'profiled',
    checkout,
    store,
    core: null,
    directory: own,
    nodeFlags,
    receiver: null,
  } as const
  const profiled = flags.relay
    ? await startRelay(upstream, null, nodeFlags)
    : await startGateway(upstream, options)
  const load = new Child('load.ts', [], { core: null })
  const order: LoadOrder = {
    url: profiled.urlOf(kind),
    fields: profiled.fields,
    connections: Number(flags.connections),
    seconds: Number(flags.seconds),
  }
  // What comes before is start-up and optimisation, which no request pays for later.
  await load.ask({ ...order, seconds: 2 })
  const from = Number(process.hrtime.bigint() / 1000n)
  const { requests } = (await load.ask(order)) as LoadResult
  const to = Number(process.hrtime.bigint() / 1000n)
  await Promise.all([load.stop(), profiled.child.stop(), upstream.child.stop()])
  const [file = ''] = await readdir(join(directory, 'profile'))
  const text = await readFile(join(directory, 'profile', file), 'utf8')
  return { profile: within(JSON.parse(text) as CpuProfile, from, to), requests }
}

/** The samples between two moments of the system's monotonic clock, in microseconds. */
function within(profile: CpuProfile, from: number, to: number): CpuProfile {
  let time = profile.startTime
  const samples: number[] = []
  const timeDeltas: number[] = []
  for (const [place, delta] of profile.timeDeltas.entries()) {
    time += delta
    if (time < from || time > to) continue
    samples.push(profile.samples[place] ?? 0)
    timeDeltas.push(delta)
  }
  return { ...profile, samples, timeDeltas }
}

/** Self time by whatever `label` makes of a call frame, longest first. */
function selfTimes(
  { nodes, samples, timeDeltas }: CpuProfile,
  label: (name: string, url: string, line: number) => string,
): [string, number][] {
  const labels = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      label(functionName === '' ? '(anonymous)' : functionName, url, lineNumber + 1),
    ]),
  )
  const times = new Map<string, number>()
  for (const [place, sample] of samples.entries()) {
    const key = labels.get(sample) ?? '?'
    times.set(key, (times.get(key) ?? 0) + (timeDeltas[place] ?? 0))
  }
  for (const key of times.keys()) if (key.startsWith('(idle)')) times.delete(key)
  return [...times].toSorted(([, a], [, b]) => b - a)
}

function fileOf(url: string): string {
  if (!url.startsWith('file:')) return url
  const path = relative(checkout, fileURLToPath(url))
  return path.replace(/^.*node_modules\//, '')
}

function print(title: string, times: readonly [string, number][], requests: number): void {
  const total = times.reduce((sum, [, time]) => sum + time, 0)
  console.log(`\n${title}: ${(total / requests).toFixed(1)} us of main-thread time a request`)
  for (const [what, time] of times.slice(0, Number(flags.top)))
    console.log(
      `${((100 * time) / total).toFixed(1).padStart(6)} %  ${(time / requests).toFixed(2).padStart(6)} us  ${what}`,
    )
}

const directory = await mkdtemp(join(tmpdir(), 'sallyport-profile-'))
try {
  const { profile, requests } = await profileRun(directory)
  const room = (name: string, url: string) => {
    if (url === '') return name
    const file = fileOf(url)
    return file.startsWith('src/') || file.startsWith('node:') ? file : file.replace(/\/.*$/, '')
  }
  print('By file', selfTimes(profile, room), requests)
  print(
    'By function',
    selfTimes(profile, (name, url, line) => `${name} ${fileOf(url)}:${line}`),
    requests,
  )
} finally {
  await rm(directory, { recursive: true, force: true })
}
