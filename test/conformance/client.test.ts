import { describe } from 'vitest'
import { reportSkippedSuite } from '../support/skipped-suites.ts'
import { itConforms } from './it-conforms.ts'
import { runClientLeg } from './run.ts'
import { findSuite, revisions } from './suite.ts'

const suite = findSuite()
if (suite === null)
  reportSkippedSuite('conformance of clients', '@modelcontextprotocol/conformance is missing')

describe.skipIf(suite === null).each(revisions)('a client of %s behind the gateway', (revision) => {
  const required = { '2025-11-25': '4/4', '2026-07-28': '7/7' }[revision]
  itConforms(required, () => runClientLeg(suite ?? '', revision))
})
