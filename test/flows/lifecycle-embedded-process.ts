import { once } from 'node:events'
import { createServer } from 'node:http'
import { createSallyport } from '../../src/server/sallyport.ts'

/** Somebody's own program with the gateway inside; its options are the first argument. */
const options = JSON.parse(process.argv[2] ?? '{}') as Record<string, unknown>

async function run(): Promise<void> {
  const sallyport = createSallyport(options)
  const server = createServer(sallyport.listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  try {
    await sallyport.start({ port })
  } catch (error) {
    server.close()
    throw error
  }
  const stop = () => {
    sallyport.beginClosing()
    void sallyport.close().then(() => {
      server.close()
      server.closeAllConnections()
      return null
    })
  }
  process.once('SIGTERM', stop).once('SIGINT', stop)
  console.log(JSON.stringify({ listening: `http://127.0.0.1:${port}` }))
}

run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
