import { appendFileSync } from 'node:fs'
import { Server, Socket } from 'node:net'

/**
 * Loaded into a gateway's process before anything else (`--import`). Writes down every connection the process opens,
 * and on SIGUSR2 makes go wrong what nobody expects to.
 */
const { SOCKETS_FILE: file = '', FAULT: fault = 'throw' } = process.env

const servers: Server[] = []
const patched = { connect: Socket.prototype.connect, listen: Server.prototype.listen }

Socket.prototype.connect = function connect(this: Socket, ...args: unknown[]) {
  if (file !== '') appendFileSync(file, `${JSON.stringify(args[0])}\n`)
  return Reflect.apply(patched.connect, this, args) as Socket
}
Server.prototype.listen = function listen(this: Server, ...args: unknown[]) {
  servers.push(this)
  return Reflect.apply(patched.listen, this, args) as Server
}

process.on('SIGUSR2', () => {
  if (fault === 'reject') void Promise.reject(new Error('boom Bearer sp_secret'))
  else if (fault === 'transport') {
    const error = Object.assign(new Error('accept'), { code: 'EMFILE' })
    servers.at(-1)?.emit('error', error)
  } else throw new Error('boom Bearer sp_secret')
})
