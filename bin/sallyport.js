#!/usr/bin/env node
// Every Node that knows ES modules must be able to read this file, so that the too old ones can say so.
var version = process.versions.node

if (Number(version.split('.')[0]) < 24) {
  process.stderr.write(
    'sallyport: Node ' +
      version +
      ' is too old: install Node 24 or newer from https://nodejs.org, or, on Linux, start it with npx sallyport, which brings its own\n',
  )
  process.exit(1)
}

/** Runs the sources in a checkout, and what was built from them in the published package. */
async function run() {
  const { existsSync } = await import('node:fs')
  const { enableCompileCache } = await import('node:module')
  enableCompileCache()
  const source = new URL('../src/cli/main.ts', import.meta.url)
  const { main } = await import(existsSync(source) ? source.href : '../dist/cli/main.js')
  process.exitCode = await main(process.argv.slice(2))
}

void run()
