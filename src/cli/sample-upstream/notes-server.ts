import { McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import * as z from 'zod'
import type { Log } from '../../telemetry/log.ts'
import { callerOf } from './caller.ts'
import type { Caller } from './caller.ts'
import { countSlowly, countSlowlyInput } from './count-slowly.ts'
import { longestNote, mostNotes } from './notes.ts'
import type { Note, Notes } from './notes.ts'

export interface NotesServerParts {
  readonly notes: Notes
  /** Called when the owner's list of notes has changed. */
  readonly changed: (owner: Caller) => void
  readonly log: Log
}

const limit = z.number().int().min(1).max(50).default(20).describe('How many at most.')
const id = z.string().regex(/^[0-9A-Za-z]{16}$/)
const query = z.string().trim().min(1).max(100).describe('Notes that contain this, in whatever letter case.')
const text = z.string().trim().min(1).max(longestNote)
const reads = { readOnlyHint: true, openWorldHint: false }

/** The sample's tools, resources and prompt. One is made for each modern request and for each legacy session. */
export function createNotesServer(parts: NotesServerParts): McpServer {
  const server = new McpServer(
    { name: 'sallyport-sample', title: 'Sallyport sample: notes', version: '1.0.0' },
    { capabilities: { resources: { listChanged: true } } },
  )
  server.registerTool(
    'whoami',
    { description: 'Says who the gateway says you are.', inputSchema: z.object({}), annotations: reads },
    (_input, context) => says({ ...callerOf(context) }),
  )
  server.registerTool(
    'count_slowly',
    {
      description: 'Counts, telling its progress at each step.',
      inputSchema: countSlowlyInput,
      annotations: reads,
    },
    async (input, context) => says(await countSlowly(input, context, parts.log)),
  )
  registerNotes(server, parts)
  server.registerPrompt(
    'summarize_notes',
    { description: 'Asks for a summary of your notes.', argsSchema: z.object({ about: query.optional() }) },
    ({ about }, context) => {
      const list = parts.notes.list(callerOf(context), 50, about).map(({ text }) => `- ${text}`)
      const text = `Summarize my notes in three sentences.\n\n${list.join('\n') || '(There are none.)'}`
      return { messages: [{ role: 'user', content: { type: 'text', text } }] }
    },
  )
  return server
}

function registerNotes(server: McpServer, { notes, changed }: NotesServerParts): void {
  server.registerTool(
    'add_note',
    { description: 'Keeps a note of yours.', inputSchema: z.object({ text }) },
    (input, context) => {
      const caller = callerOf(context)
      const note = notes.add(caller, input.text)
      if (note === null)
        return fails(`You have ${mostNotes} notes, which is all there may be. Delete one first.`)
      changed(caller)
      return says({ note })
    },
  )
  server.registerTool(
    'list_notes',
    { description: 'Your notes, newest first.', inputSchema: z.object({ limit }), annotations: reads },
    (input, context) => says({ notes: notes.list(callerOf(context), input.limit) }),
  )
  server.registerTool(
    'search_notes',
    { description: 'Finds notes of yours.', inputSchema: z.object({ query, limit }), annotations: reads },
    (input, context) => says({ notes: notes.list(callerOf(context), input.limit, input.query) }),
  )
  server.registerTool(
    'delete_note',
    {
      description: 'Deletes a note of yours.',
      inputSchema: z.object({ id }),
      annotations: { destructiveHint: true },
    },
    (input, context) => {
      const caller = callerOf(context)
      // A note of somebody else's is as unknown as one that never was.
      if (!notes.remove(caller, input.id)) return fails('There is no such note.')
      changed(caller)
      return says({ deleted: input.id })
    },
  )
  server.registerResource(
    'note',
    new ResourceTemplate('notes://mine/{id}', {
      list: (context) => ({ resources: notes.list(callerOf(context), mostNotes).map(toResource) }),
    }),
    { description: 'One note of yours.', mimeType: 'text/plain' },
    (uri, variables, context) => {
      const note = notes.find(callerOf(context), String(variables['id']))
      if (note === undefined) throw new Error('There is no such note.')
      return { contents: [{ uri: uri.href, mimeType: 'text/plain', text: note.text }] }
    },
  )
}

function toResource({ id, text }: Note) {
  return { uri: `notes://mine/${id}`, name: text.slice(0, 60), mimeType: 'text/plain' }
}

function says(value: Record<string, unknown>) {
  return { content: [{ type: 'text' as const, text: JSON.stringify(value) }], structuredContent: value }
}

function fails(message: string) {
  return { content: [{ type: 'text' as const, text: message }], isError: true }
}
