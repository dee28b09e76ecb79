import { isRejection, refusals } from '../../src/gateway/refusal.ts'
import type { AnswerReason } from '../../src/gateway/refusal.ts'
import { code, page, table } from './markdown.ts'

/** `docs/reference/errors.md`: every reason a request can be refused for. */
export function errorsPage(): string {
  const rows = (Object.keys(refusals) as AnswerReason[]).map((reason) => {
    const { status, code: number, message } = refusals[reason]
    return [code(reason), String(status), String(number), isRejection(reason) ? 'yes' : '', message]
  })
  return page(
    'Errors',
    'src/gateway/refusal.ts',
    'Reasons are stable. On an MCP endpoint the answer is a JSON-RPC error with this code and the reason in ' +
      '`error.data.reason`; elsewhere it is `{"error":{"code":REASON,"message","requestId"}}`. Every answer carries ' +
      '`X-Request-Id`. Failures of the gateway, its store or an upstream are logged with it; other requests at ' +
      '`log.level: debug`.',
    'A rejection is about who sent the request or from where; it is counted in `sallyport_auth_rejected_total`.',
    table(['Reason', 'HTTP status', 'JSON-RPC code', 'Rejection', 'Message'], rows),
  )
}
