import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent, endWhenAsked } from './messages.ts'
import type { ListeningNote } from './messages.ts'

/** Where a gateway's events and spans go, by the first part of the path: taken, never answered, or refused with 500. */
const server = createServer((request, response) => {
  const manner = request.url?.split('/')[1]
  request.resume()
  if (manner === 'hangs') return
  request.on('end', () => response.writeHead(manner === 'fails' ? 500 : 200).end('{}'))
})

answerParent()
endWhenAsked()
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.send?.({ listening: `http://127.0.0.1:${port}` } satisfies ListeningNote)
})
