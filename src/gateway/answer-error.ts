import { rpcCodes } from '../telemetry/vocabulary.ts'
import type { ErrorType } from '../telemetry/vocabulary.ts'

/** What a JSON-RPC answer says: its error, if any, and the tools it lists. */
export interface AnswerFacts {
  readonly error: ErrorType | null
  /** Names in `result.tools`; null when the answer is no list of tools. */
  readonly tools: readonly string[] | null
  /** Names in `result.prompts`; null when the answer is no list of prompts. */
  readonly prompts: readonly string[] | null
  /** Whether the answer may be shown to others than its caller (`cacheScope`); undefined when it does not say. */
  readonly shared: boolean | undefined
}

const nothing: AnswerFacts = { error: null, tools: null, prompts: null, shared: undefined }
const codes: ReadonlyMap<string, ErrorType> = new Map(rpcCodes.map((code) => [code, code]))

/** Whether an answer is worth parsing: a look for a few words costs far less than reading it. */
export function mayTell(body: Buffer, wanted: boolean): boolean {
  return wanted || body.includes('"error"') || saysToolError(body)
}

const isErrorName = '"isError"'
const [space, colon, letterT] = [0x20, 0x3a, 0x74]

/** Whether `isError` stands there and is true: most answers carry it as false, and need no reading. */
function saysToolError(body: Buffer): boolean {
  for (let at = body.indexOf(isErrorName); at !== -1; at = body.indexOf(isErrorName, at)) {
    at += isErrorName.length
    while (body[at] === space || body[at] === colon) at += 1
    if (body[at] === letterT) return true
  }
  return false
}

/** Reads a JSON-RPC answer, or the data of one event; what is none says nothing. */
export function readAnswer(text: string): AnswerFacts {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    return nothing
  }
  if (!isObject(answer)) return nothing
  const { error, result } = answer
  if (isObject(error)) return { ...nothing, error: codes.get(String(error['code'])) ?? 'other' }
  if (!isObject(result)) return nothing
  const { tools, prompts } = result
  const scope = result['cacheScope']
  return {
    error: result['isError'] === true ? 'tool_error' : null,
    tools: Array.isArray(tools) ? tools.flatMap(nameOf) : null,
    prompts: Array.isArray(prompts) ? prompts.flatMap(nameOf) : null,
    shared: scope === 'public' ? true : scope === 'private' ? false : undefined,
  }
}

function nameOf(tool: unknown): string[] {
  const name = isObject(tool) ? tool['name'] : null
  return typeof name === 'string' ? [name] : []
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
