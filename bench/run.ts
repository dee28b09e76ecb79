import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Child, canPin } from './child.ts'
import {
  ownCheckout,
  startGateway,
  startReceiver,
  startRelay,
  startUpstream,
  withForwardedKey,
  withSession,
} from './contestants.ts'
import type { Contestant, Placement, TelemetryMode } from './contestants.ts'
import { answerKinds } from './exchange.ts'
import { measure, warmUp } from './measure.ts'
import type { Scenario } from './measure.ts'
import { compareReceivers, manners, receiverUrl } from './receivers.ts'
import { rowsOf, tableOf, telemetryShare } from './report.ts'
import type { Row } from './report.ts'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    postgres: { type: 'boolean', default: false },
    'postgres-url': { type: 'string' },
    candidate: { type: 'string', multiple: true, default: [] },
    scenario: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    pin: { type: 'boolean', default: false },
    flavours: { type: 'boolean', default: false },
    telemetry: { type: 'boolean', default: false },
    receivers: { type: 'boolean', default: false },
  },
})

/** What all turns together may take, in seconds; starting the processes comes on top. */
const budget = flags.quick ? 20 : 170
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 7))
const settleSeconds = flags.quick ? 0.2 : 0.5

const pinned = flags.pin && canPin && availableParallelism() > 1
const placement: Placement = pinned ? { measured: 1, rest: 0 } : { measured: null, rest: null }

/** All of them, or those named like `json-32`. Quick leaves the stream of 20 events out. */
function scenarios(): Scenario[] {
  return answerKinds
    .flatMap((kind) => [1, 32].map((connections) => ({ kind, connections })))
    .filter(({ kind, connections }) =>
      flags.scenario.length > 0
        ? flags.scenario.includes(`${kind}-${connections}`)
        : !flags.quick || kind !== 'sse20',
    )
}

async function run(directory: string, cleanUp: AsyncDisposableStack): Promise<Row[]> {
  const started = <Started extends { readonly child: Child }>(contestant: Started): Started => {
    cleanUp.defer(() => contestant.child.stop())
    return contestant
  }
  const upstream = started(await startUpstream(placement.rest))
  const relay = started(await startRelay(upstream, placement.measured))
  let receiver: string | null = null
  const gateway = async (
    name: string,
    checkout: string,
    store: string,
    telemetry: TelemetryMode = 'default',
  ): Promise<Contestant> => {
    const own = join(directory, name)
    await mkdir(own)
    const core = placement.measured
    const options = { name, checkout, store, core, directory: own, telemetry, receiver }
    return started(await startGateway(upstream, options))
  }
  const sqlite = await gateway('sqlite', ownCheckout, 'sqlite:./store.db')
  const contestants = [upstream, relay, sqlite]
  if (flags.flavours) contestants.push(withForwardedKey(sqlite), await withSession(sqlite))
  if (flags.telemetry) {
    const { listening } = started(await startReceiver(placement.rest))
    receiver = receiverUrl(listening, 'works')
    for (const mode of ['all', 'none'] as const) {
      contestants.push(await gateway(`telemetry-${mode}`, ownCheckout, 'sqlite:./store.db', mode))
    }
  }
  for (const [place, checkout] of flags.candidate.entries())
    contestants.push(await gateway(`candidate${place + 1}`, resolve(checkout), 'sqlite:./store.db'))
  const postgres = await postgresUrl(cleanUp)
  if (postgres !== null) contestants.push(await gateway('postgres', ownCheckout, postgres))
  const { child: load } = started({ child: new Child('load.ts', [], { core: placement.rest }) })

  // V8 takes tens of thousands of requests to settle; before that, figures say more about the compiler than about us.
  for (const contestant of contestants) await warmUp(load, contestant, flags.quick ? 1.5 : 4)

  const chosen = scenarios()
  const allTurns = chosen.length * contestants.length * rounds
  const fitting = Math.max(0.3, Math.min(2, budget / allTurns - settleSeconds))
  const seconds = flags.seconds === undefined ? fitting : Number(flags.seconds)
  const what = `${rounds} rounds of ${seconds.toFixed(2)} s a turn`
  console.log(`Node ${process.version}, ${availableParallelism()} cores, ${what}, ${pinNote()}\n`)
  const rows: Row[] = []
  for (const scenario of chosen) {
    const options = { rounds, seconds, settleSeconds }
    const turns = await measure(load, contestants, scenario, options)
    rows.push(...rowsOf(scenario, turns))
    for (const line of telemetryShare(scenario, turns)) console.log(`${line}\n`)
  }
  return rows
}

/** What receivers that hang, fail or are away do to calls: with 1 and with 32 connections. */
async function runReceivers(directory: string, cleanUp: AsyncDisposableStack): Promise<void> {
  const upstream = await startUpstream(placement.rest)
  cleanUp.defer(() => upstream.child.stop())
  const { child: receivers, listening } = await startReceiver(placement.rest)
  cleanUp.defer(() => receivers.stop())
  const gateways: Contestant[] = []
  for (const manner of manners) {
    const own = join(directory, manner)
    await mkdir(own)
    const gateway = await startGateway(upstream, {
      name: manner,
      checkout: ownCheckout,
      store: 'sqlite:./store.db',
      core: placement.measured,
      directory: own,
      telemetry: 'all',
      receiver: receiverUrl(listening, manner),
    })
    cleanUp.defer(() => gateway.child.stop())
    gateways.push(gateway)
  }
  const load = new Child('load.ts', [], { core: placement.rest })
  cleanUp.defer(() => load.stop())
  const seconds = Number(flags.seconds ?? 1)
  const options = { rounds, seconds, settleSeconds }
  for (const connections of [1, 32])
    console.log(`${await compareReceivers(load, gateways, connections, options)}\n`)
}

function pinNote(): string {
  return pinned ? 'relay and gateway pinned to one core, the rest to the other' : 'cores shared by all'
}

async function postgresUrl(cleanUp: AsyncDisposableStack): Promise<string | null> {
  if (flags['postgres-url'] !== undefined) return flags['postgres-url']
  if (!flags.postgres) return null
  const { startPostgres } = await import('../test/support/postgres.ts')
  const cluster = await startPostgres()
  cleanUp.defer(() => cluster.remove())
  return cluster.createDatabase()
}

const directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-'))
await using cleanUp = new AsyncDisposableStack()
cleanUp.defer(() => rm(directory, { recursive: true, force: true }))
if (flags.receivers) await runReceivers(directory, cleanUp)
else {
  const rows = await run(directory, cleanUp)
  console.log(tableOf(rows))
  if (flags.json !== undefined) {
    const facts = { node: process.version, cores: availableParallelism(), pinned, rounds, rows }
    await writeFile(flags.json, `${JSON.stringify(facts, null, 2)}\n`)
  }
}
