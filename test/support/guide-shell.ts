import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url))

/** The blocks of one language in a Markdown text, in order. */
export function blocksOf(markdown: string, language: string): readonly string[] {
  const blocks = markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)
  return Array.from(blocks).flatMap(([, word, text = '']) => (word === language ? [text] : []))
}

/** A page of `docs/guides/`, such as `device-flow`. */
export function readGuide(name: string): string {
  return readFileSync(new URL(`../../docs/guides/${name}.md`, import.meta.url), 'utf8')
}

/** The terminal of somebody who pastes one block after another. */
export interface GuideShell {
  /** Answers what it printed; rejects when it fails. `onOutput` hears all of it so far, each time there is more. */
  paste(block: string, onOutput?: (all: string) => void): Promise<string>
  /** The value of a variable that a block has set. */
  variable(name: string): Promise<string>
}

/** In a folder, with the gateway's URL in place of the one guides print. `npx sallyport` is this checkout's; `sleep` returns at once. */
export function openGuideShell(
  folder: string,
  gateway: string,
  variables: Record<string, string>,
): GuideShell {
  const tools = join(folder, 'tools')
  mkdirSync(tools)
  const provide = (name: string, script: string) => {
    writeFileSync(join(tools, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(tools, name), 0o755)
  }
  provide('npx', `shift\nexec "${process.execPath}" "${program}" "$@"`)
  provide('sleep', 'exit 0')
  const kept = join(folder, 'shell-state')
  writeFileSync(kept, '')
  const env = { PATH: `${tools}:${process.env['PATH'] ?? ''}`, HOME: folder, ...variables }

  const paste: GuideShell['paste'] = async (block, onOutput) => {
    const text = block.replaceAll('http://127.0.0.1:8787', gateway)
    const script = `. ${kept}\nset -a\n${text}\nstatus=$?\n{ export -p; declare -f; } > ${kept}\nexit $status`
    const child = spawn('bash', ['-c', script], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      out += more
      onOutput?.(out)
    })
    child.stderr.setEncoding('utf8').on('data', (more: string) => (err += more))
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0) throw new Error(`it ended with ${code}: ${err}\n${out}\n${text}`)
    return out
  }
  return { paste, variable: async (name) => (await paste(`echo "$${name}"`)).trim() }
}
