import type { Client } from '@modelcontextprotocol/client'
import { SkillsClient } from '@modelcontextprotocol/client/ext/skills'
import { parse } from 'yaml'
import { z } from 'zod'

/** What a client does in one scenario, once it is connected. */
export type Behaviour = (client: Client) => Promise<void>

const contextSchema = z.object({
  toolCalls: z.array(z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) })),
})

const frontmatterSchema = z.record(z.string(), z.unknown())

/** The client's part in each scenario that is not about OAuth; a scenario without one fails. */
export const behaviours: Readonly<Record<string, Behaviour>> = {
  initialize: listTools,
  'request-metadata': listTools,
  'json-schema-ref-no-deref': listTools,
  'sep-2640-client-no-prefetch': listSkills,
  'sep-2640-client-verify-digest': readEverySkill,
  'sep-2640-client-verify-size': readEverySkill,
  'sep-2640-client-verify-frontmatter': readEverySkill,
  'elicitation-sep1034-client-defaults': callEveryTool({}),
  'sse-retry': callEveryTool({}),
  tools_call: callEveryTool({ a: 5, b: 3 }),
  'http-invalid-tool-headers': callEveryTool({ region: 'us-west1' }),

  async 'http-custom-headers'(client) {
    await client.listTools()
    const context = contextSchema.parse(JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? ''))
    for (const call of context.toolCalls) await client.callTool(call)
  },

  async 'http-standard-headers'(client) {
    await callEveryTool({})(client)
    const { resources } = await client.listResources()
    for (const { uri } of resources) await client.readResource({ uri })
    const { prompts } = await client.listPrompts()
    for (const { name } of prompts) await client.getPrompt({ name })
  },

  async 'json-schema-2020-12-preservation'(client) {
    const { tools } = await client.listTools()
    const focal = tools.find(({ name }) => name === 'json_schema_2020_12_tool')
    await client.callTool({ name: 'json_schema_echo', arguments: { schema: focal?.inputSchema } })
  },

  async 'sep-2322-client-request-state'(client) {
    await client.listTools()
    // What one call is asked for must not leak into another: this one happens between the rounds of the first.
    answerForms(client, async () => {
      await client.callTool({ name: 'test_mrtr_unrelated', arguments: {} })
      return { confirmed: true }
    })
    await client.callTool({ name: 'test_mrtr_echo_state', arguments: {} })
    await client.callTool({ name: 'test_mrtr_no_state', arguments: {} })
    // The SDK refuses a result without a type; the scenario is content with whoever does not ask again.
    await client.callTool({ name: 'test_mrtr_no_result_type', arguments: {} }).catch(() => {})
  },
}

/** Has the client's user agree to every form. */
export function answerForms(client: Client, fill: () => Promise<Record<string, boolean>>): void {
  client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: await fill() }))
}

async function listTools(client: Client): Promise<void> {
  await client.listTools()
}

function callEveryTool(input: Record<string, unknown>): Behaviour {
  return async (client) => {
    const { tools } = await client.listTools()
    for (const { name } of tools) await client.callTool({ name, arguments: input })
  }
}

async function listSkills(client: Client): Promise<void> {
  await new SkillsClient(client).list()
}

async function readEverySkill(client: Client): Promise<void> {
  const reader = new SkillsClient(client, {
    parseFrontmatter: (yaml) => frontmatterSchema.parse(parse(yaml)),
  })
  const { skills } = await reader.list()
  // A file that is not what its entry says is refused: that is what the scenario looks for.
  for (const skill of skills) await reader.read(skill).catch(() => {})
}
