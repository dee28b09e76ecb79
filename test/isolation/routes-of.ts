import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { compose } from '../../src/server/compose.ts'
import { openConfiguredStore } from '../../src/server/opened-store.ts'
import type { RouteTable } from '../../src/server/route-table.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { configOf } from '../support/gateway.ts'
import type { GatewayOptions, TestGateway } from '../support/gateway.ts'

/** The route table of a gateway: its own composition, built once more on its own store. */
export async function routesOf(options: GatewayOptions, gateway: TestGateway): Promise<RouteTable> {
  const config = configOf(options, gateway.location)
  const log = createLog('silent', systemClock, () => {})
  const version = { version: '0.0.0-test', commit: 'unknown' }
  const surroundings = { clock: systemClock, random: systemRandom, log, version }
  const opened = await openConfiguredStore(config.settings, surroundings)
  const placement = { publicUrl: new URL(gateway.url), loopback: true }
  const { routes, close } = await compose(config, placement, opened, surroundings)
  await close()
  return routes
}
