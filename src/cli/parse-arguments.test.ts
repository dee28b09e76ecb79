import { describe, expect, it } from 'vitest'
import { UsageError } from './command.ts'
import type { Command } from './command.ts'
import { findCommand, parseArguments } from './parse-arguments.ts'

const nothing = () => Promise.resolve()
const command = (name: string, more: Partial<Command> = {}): Command => ({
  name,
  summary: '',
  operands: [],
  flags: {},
  run: nothing,
  ...more,
})
const list = command('keys list', { flags: { user: { summary: '', value: 'EMAIL' } } })
const revoke = command('keys revoke', { operands: ['KEY_ID'] })
const create = command('keys create', {
  flags: { upstream: { summary: '', value: 'NAME', repeatable: true }, loud: { summary: '' } },
})
const serve = command('serve', {
  allOptions: true,
  flags: { upstream: { summary: '', value: 'NAME=URL', repeatable: true } },
})
const demo = command('demo', { flags: { port: { summary: '', value: 'N' } } })

describe('finding the command', () => {
  const all = [command('keys'), list, revoke, serve]
  it('takes the longest name that fits', () => {
    expect(findCommand(all, ['keys', 'list', '--json'])).toBe(list)
    expect(findCommand(all, ['keys', 'other'])?.name).toBe('keys')
    expect(findCommand([list, revoke], ['keys'])).toBeUndefined()
    expect(findCommand(all, ['list'])).toBeUndefined()
    expect(findCommand(all, ['--json', 'serve'])).toBeUndefined()
  })
})

describe('what stands behind the words', () => {
  it('configuration flags go to their option, those of the command stay with it', () => {
    const args = [
      'serve',
      '--port',
      '0',
      '--host=::1',
      '--upstream',
      'a=http://a',
      '--upstream',
      'b=http://b',
    ]
    const parsed = parseArguments(serve, [...args, '--auth-api-keys-max-per-user', '3', '--config', 'f.yaml'])
    expect(parsed.optionFlags).toEqual(
      new Map([
        ['listen.host', '::1'],
        ['listen.port', '0'],
        ['auth.apiKeys.maxPerUser', '3'],
      ]),
    )
    expect(parsed.upstreamFlags).toEqual(['a=http://a', 'b=http://b'])
    expect(parsed.configFile).toBe('f.yaml')
  })

  it('an --upstream of a command that is not about configuration is its own', () => {
    const parsed = parseArguments(create, ['keys', 'create', '--upstream', 'a', '--upstream', 'b', '--loud'])
    expect(parsed.upstreamFlags).toEqual([])
    expect(parsed.input.flags('upstream')).toEqual(['a', 'b'])
    expect([parsed.input.has('loud'), parsed.input.has('json')]).toEqual([true, false])
  })

  it("a command's own flag is not taken for the option of the same name", () => {
    const parsed = parseArguments(demo, ['demo', '--port', '1'])
    expect(parsed.optionFlags).toEqual(new Map())
    expect(parsed.input.flag('port')).toBe('1')
  })

  it('every command takes --store, --config and --json', () => {
    const parsed = parseArguments(list, ['keys', 'list', '--store', 'sqlite:x', '--config', 'c', '--json'])
    expect(parsed.optionFlags).toEqual(new Map([['store', 'sqlite:x']]))
    expect([parsed.input.json, parsed.configFile]).toEqual([true, 'c'])
  })

  it('help is answered before anything is missing', () => {
    expect(parseArguments(revoke, ['keys', 'revoke', '--help']).help).toBe(true)
    expect(parseArguments(revoke, ['keys', 'revoke', '-h']).help).toBe(true)
  })

  it('what stands behind -- is an operand', () => {
    expect(parseArguments(revoke, ['keys', 'revoke', '--', '--json']).input.words).toEqual(['--json'])
  })
})

describe('wrong usage', () => {
  it.each([
    ['an unknown flag', list, ['keys', 'list', '--usr', 'a@example.com'], '--usr'],
    ['an option that is not for this command', list, ['keys', 'list', '--port', '1'], '--port'],
    ['a value that is missing', list, ['keys', 'list', '--user'], '--user'],
    ['a switch with a value', list, ['keys', 'list', '--json=yes'], '--json'],
    ['an operand that is missing', revoke, ['keys', 'revoke'], 'takes KEY_ID'],
    ['one operand too many', revoke, ['keys', 'revoke', 'a', 'b'], 'takes KEY_ID'],
    ['an operand where there is none', list, ['keys', 'list', 'all'], 'takes nothing more'],
  ] as const)('%s says what is wrong', (_, wrong, args, says) => {
    expect(() => parseArguments(wrong, args)).toThrow(UsageError)
    expect(() => parseArguments(wrong, args)).toThrow(says)
  })
})
