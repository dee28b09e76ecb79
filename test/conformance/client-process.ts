import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { answerForms, behaviours } from './client-behaviours.ts'
import { guard } from './guarded.ts'

/**
 * The command the suite runs as a client: `direct|through URL`, with the scenario and its revision in the environment.
 * With `through` the gateway is started in front of the suite's server, and the client talks to that.
 */
const [way, upstream = ''] = process.argv.slice(2)
const { MCP_CONFORMANCE_SCENARIO: scenario = '', MCP_CONFORMANCE_PROTOCOL_VERSION: revision = '' } =
  process.env
const behave = behaviours[scenario]
if (behave === undefined) throw new Error(`no behaviour for the scenario ${scenario}`)

const gateway = way === 'through' ? await guard(upstream) : null
const client = new Client(
  { name: 'sallyport-conformance-client', version: '1.0.0' },
  {
    capabilities: { elicitation: { form: { applyDefaults: true } }, roots: {}, sampling: {} },
    versionNegotiation: { mode: revision >= '2026-07-28' ? { pin: revision } : 'legacy' },
  },
)
answerForms(client, () => Promise.resolve({}))
const transport = new StreamableHTTPClientTransport(new URL(gateway?.url ?? upstream), {
  requestInit: { headers: gateway?.credential ?? {} },
})
try {
  await client.connect(transport)
  await behave(client)
} finally {
  await client.close()
  await gateway?.close()
}
