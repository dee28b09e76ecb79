import { setTimeout as pause } from 'node:timers/promises'
import type { ServerContext } from '@modelcontextprotocol/server'
import * as z from 'zod'
import type { Log } from '../../telemetry/log.ts'

export const countSlowlyInput = z.object({
  to: z.number().int().min(1).max(100).default(5).describe('How far to count.'),
  pauseMs: z.number().int().min(1).max(5000).default(500).describe('Milliseconds before each number.'),
})

/**
 * Counts, with a progress notification for each number when the caller asked for them. Stops as soon as the call is
 * cancelled: by `notifications/cancelled` (legacy) or by the client closing its stream (modern).
 */
export async function countSlowly(
  { to, pauseMs }: z.infer<typeof countSlowlyInput>,
  { mcpReq }: ServerContext,
  log: Log,
): Promise<{ counted: number }> {
  const progressToken = mcpReq._meta?.progressToken
  for (let progress = 1; progress <= to; progress += 1) {
    try {
      await pause(pauseMs, undefined, { signal: mcpReq.signal })
    } catch (error) {
      log.info('count_slowly was cancelled', { count: progress - 1 })
      throw error
    }
    if (progressToken === undefined) continue
    const params = { progressToken, progress, total: to, message: `${progress} of ${to}` }
    await mcpReq.notify({ method: 'notifications/progress', params })
  }
  return { counted: to }
}
