import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { clientFamilies, clientFamily, llmFamilies, llmFamily } from '../../src/mcp/client-family.ts'
import { knownMethod, mcpMethodNames } from '../../src/mcp/method.ts'
import { metrics } from '../../src/telemetry/metric-catalogue.ts'
import { signals } from '../../src/telemetry/signals.ts'
import { isTest, readSourceFiles } from '../../tools/source-files.ts'

const catalogue: ReadonlySet<string> = new Set(
  ['signals', 'sign-in-signals', 'vocabulary', 'metric-catalogue'].map((name) => `src/telemetry/${name}.ts`),
)
const files = readSourceFiles(resolve(import.meta.dirname, '../..'), 'src/**/*.ts').filter(
  ({ path }) => !isTest(path) && !catalogue.has(path),
)

/** The first group of every match in the product's source. */
function named(pattern: RegExp): string[] {
  const found = files.flatMap(({ text }) => Array.from(text.matchAll(pattern), ([, name]) => name ?? ''))
  return Array.from(new Set(found)).sort()
}

describe('the source', () => {
  it('T35: states every declared signal, and no other', () => {
    expect(named(/\b(?:emit|createValidator|tell)(?:\?\.)?\(\s*'([a-z_]+)'/g)).toEqual(
      Object.keys(signals).sort(),
    )
  })

  it('T35: moves every declared metric, and no other', () => {
    const moved = named(/\.(?:cell|histogram)\(\s*'([a-z_]+)'/g)
    expect(moved).toEqual(Object.keys(metrics).sort())
  })

  it('has a way to each method, client and model family that is declared', () => {
    expect(mcpMethodNames.map(knownMethod)).toEqual(mcpMethodNames)
    const families = clientFamilies.map((family) => clientFamily(family === 'absent' ? null : family))
    expect(families).toEqual(clientFamilies)
    expect(Array.from(new Set(clientFamilies.map(llmFamily))).sort()).toEqual([...llmFamilies].sort())
  })
})
