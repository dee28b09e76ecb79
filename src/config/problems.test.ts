import { expect, it } from 'vitest'
import {
  collectorProblem,
  directoryIdProblem,
  domainProblem,
  headersProblem,
  hostProblem,
  originProblem,
  publicUrlProblem,
  scopeProblem,
  secretProblem,
  storeProblem,
  upstreamNameProblem,
  upstreamUrlProblem,
  workspaceProblem,
} from './problems.ts'

const rows = [
  [
    domainProblem,
    ['example.com', 'Sub.Example.co', 'xn--bcher-kva.example', 'intranet'],
    [
      '@example.com',
      '*.example.com',
      'example.com:443',
      '.example.com',
      'example..com',
      '-a.com',
      'bücher.example',
    ],
  ],
  [
    directoryIdProblem,
    ['7b1f3a52-0c5e-4d9e-9d1f-2f6a4f2f9b10', '7B1F3A52-0C5E-4D9E-9D1F-2F6A4F2F9B10'],
    ['common', 'organizations', 'example.onmicrosoft.com', '7b1f3a520c5e4d9e9d1f2f6a4f2f9b10'],
  ],
  [
    publicUrlProblem,
    ['https://mcp.example.com', 'https://x.example/path', 'http://127.0.0.1:8787', 'http://[::1]:1'],
    [
      'http://mcp.example.com',
      'mcp.example.com',
      'ftp://x',
      'https://u:p@x',
      'https://x/?a=1',
      'https://x#a',
    ],
  ],
  [
    upstreamUrlProblem,
    ['http://10.0.0.1:3000/mcp', 'https://x/mcp?tenant=1'],
    ['x', 'file:///mcp', 'http://u:p@x/mcp', 'http://x/mcp#a', ''],
  ],
  [
    hostProblem,
    ['mcp.example.com', 'MCP.example.com:8443', '[::1]', '[::1]:80', '10.0.0.1', 'my_service'],
    ['https://x', 'x/path', '::1', '*.example.com', 'x:port', '', ' x', 'x.'],
  ],
  [
    originProblem,
    ['https://app.example.com', 'http://localhost:3000', 'HTTPS://APP.example.com'],
    ['https://app.example.com/', 'app.example.com', 'null', '*', 'https://x:443', 'https://x/a'],
  ],
  [
    storeProblem,
    ['sqlite:./a.db', 'sqlite::memory:', 'postgres://u:p@h/d', 'postgresql://h/d'],
    ['sqlite:', 'mysql://h/d', './a.db', 'postgres:///d', 'postgres'],
  ],
  [secretProblem, ['x'.repeat(32)], ['x'.repeat(31), `${'x'.repeat(32)} y`, 'é'.repeat(32)]],
  [
    upstreamNameProblem,
    ['a', 'code-2', 'my_notes', 'a'.repeat(64)],
    ['', 'A', 'a.b', '-a', 'a-', 'a/b', '..', 'a%2F', 'a'.repeat(65)],
  ],
  [workspaceProblem, ['a', 'team-1', 'a'.repeat(64)], ['', 'A', 'a_b', '-a', 'a-', 'a'.repeat(65), '../a']],
  [
    collectorProblem,
    ['http://collector:4318', 'https://otlp.example.com/v1/traces', 'http://127.0.0.1:4317'],
    ['collector:4317', 'grpc://collector', 'https://u:p@h', 'https://h/#x', ''],
  ],
  [
    headersProblem,
    ['x-key=1', 'Authorization=Bearer a=b, x-scope=team 1', 'a='],
    ['x-key', '=1', 'x key=1', 'a=1,b', 'Host=x', 'content-type=x', 'a=é', 'grpc-timeout=1m', 'a=1\nb=2'],
  ],
  [scopeProblem, ['code:read', '*', 'a.b/c'], ['', 'a b', 'a"b', 'a\\b', 'é', 'a'.repeat(129)]],
] as const

for (const [problem, good, bad] of rows) {
  it.each(good)(`${problem.name} finds nothing wrong with %s`, (text) => expect(problem(text)).toBeNull())
  it.each(bad)(`${problem.name} refuses %j`, (text) => expect(problem(text)).toBeTypeOf('string'))
}
