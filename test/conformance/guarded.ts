import { startGateway } from '../support/gateway.ts'

/** A gateway in front of one upstream, with a user who may use it. */
export interface Guarded {
  /** Its endpoint for that upstream. */
  readonly url: string
  readonly port: number
  /** What proves who the user is: fields of a request. */
  readonly credential: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** Starts the product as it is out of the box, with the upstream that is asked to conform behind it. */
export async function guard(upstream: string, publicUrl?: string): Promise<Guarded> {
  const gateway = await startGateway({
    upstreams: [{ name: 'asked', url: upstream }],
    ...(publicUrl === undefined ? {} : { settings: { publicUrl } }),
  })
  const user = await gateway.addUser('ada@example.com')
  const { key } = await gateway.createKey(user)
  return {
    url: `${gateway.url}/mcp`,
    port: gateway.port,
    credential: { authorization: `Bearer ${key}` },
    close: () => gateway.close(),
  }
}
