import { describe } from 'vitest'
import { reportSkippedSuite } from '../support/skipped-suites.ts'
import { itConforms } from './it-conforms.ts'
import { runServerLeg } from './run.ts'
import { findSuite, revisions } from './suite.ts'

const suite = findSuite()
if (suite === null)
  reportSkippedSuite('conformance of servers', '@modelcontextprotocol/conformance is missing')

describe.skipIf(suite === null).each(revisions)('a server of %s behind the gateway', (revision) => {
  const required = { '2025-11-25': '30/30', '2026-07-28': '37/37' }[revision]
  itConforms(required, () => runServerLeg(suite ?? '', revision))
})
