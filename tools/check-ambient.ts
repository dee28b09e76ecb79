import { resolve } from 'node:path'
import { isTest, lineAt, readSourceFiles, report } from './source-files.ts'
import type { Finding, SourceFile } from './source-files.ts'

interface Ban {
  readonly pattern: RegExp
  readonly message: string
  /** Paths it does not hold for. */
  readonly except: (path: string) => boolean
}

/** Where the ambient clock is at home: `lib` wraps it, the entry point starts with it, tests own theirs. */
const ownsAmbient = (path: string) =>
  !path.startsWith('src/') || path.startsWith('src/lib/') || path === 'src/cli/main.ts' || isTest(path)

/**
 * What the linter has no rule for. The rest of the ban on ambient clock, randomness, environment, network and process
 * is in `.oxlintrc.json`, where the linter knows a parameter named `fetch` from the global one.
 */
const bans: readonly Ban[] = [
  {
    pattern: /^(?!\s*(?:\/\/|\/?\*)).*\bnew Date\(\s*\)/gm,
    message: 'reads the ambient clock: take a Clock and use new Date(clock.now())',
    except: ownsAmbient,
  },
  {
    pattern: /(?:\/\/|\/\*).*(?:(?:ox|es)lint-disable|@ts-(?:ignore|nocheck))/g,
    message: 'suppresses a rule: mend the code, or change the rule for everybody',
    except: () => false,
  },
  {
    pattern: /(?:\/\/|\/\*).*@ts-expect-error/g,
    message: 'suppresses a type error outside a test: mend the type',
    except: isTest,
  },
]

/** What is banned in one file. */
export function ambientFindings({ path, text }: SourceFile): Finding[] {
  return bans
    .filter(({ except }) => !except(path))
    .flatMap(({ pattern, message }) =>
      Array.from(text.matchAll(pattern), (match) => ({ path, line: lineAt(text, match.index), message })),
    )
}

if (import.meta.main) {
  const files = readSourceFiles(resolve(import.meta.dirname, '..'), '{src,test,tools,bench,bin}/**/*.{ts,js}')
  process.exitCode = report(files.flatMap(ambientFindings))
}
