import type { Configuration } from 'oidc-provider'
import { formSecretOf } from './device-form.ts'
import type { DeviceForm, LibraryPages } from './interaction.ts'
import { requestState } from './request-state.ts'

export interface DevicePagesParts {
  readonly pages: LibraryPages
  /** Of the secrets in the forms. */
  readonly formKey: Uint8Array
  /** Where the forms go: publicUrl + `/device`. */
  readonly deviceUrl: string
}

type DeviceFlow = NonNullable<NonNullable<Configuration['features']>['deviceFlow']>

/** The library's device pages, as ours. Its own forms, which it hands over as HTML, are not used. */
export function createDevicePages({
  pages,
  formKey,
  deviceUrl,
}: DevicePagesParts): Required<
  Pick<DeviceFlow, 'userCodeInputSource' | 'userCodeConfirmSource' | 'successSource'>
> {
  const formWith = (...hidden: DeviceForm['hidden']): DeviceForm => {
    const { signedIn } = requestState()
    const secret = signedIn === null ? '' : formSecretOf(signedIn.session.id, formKey)
    // A path: on a loopback name that is not publicUrl's, the page may post to itself alone.
    return { action: new URL(deviceUrl).pathname, hidden: [['xsrf', secret], ...hidden] }
  }
  return {
    async userCodeInputSource(ctx, _, out, error) {
      ctx.type = 'html'
      if (error?.name === 'AbortedError') ctx.body = pages.deviceDone('denied')
      else if (out === undefined || isAboutCode(error)) ctx.body = pages.deviceCode(formWith(), wordOf(error))
      else {
        const message = out.error_description ?? 'the request could not be answered'
        ctx.body = pages.error({ code: out.error, message, requestId: requestState().requestId })
      }
    },
    async userCodeConfirmSource(ctx, _, client, __, userCode) {
      ctx.type = 'html'
      const form = formWith(['user_code', userCode], ['confirm', 'yes'])
      ctx.body = pages.deviceConfirm(form, { name: client.clientName ?? client.clientId }, userCode)
    },
    async successSource(ctx) {
      ctx.type = 'html'
      ctx.body = pages.deviceDone('allowed')
    },
  }
}

const words: ReadonlyMap<string, Parameters<LibraryPages['deviceCode']>[1]> = new Map([
  ['NoCodeError', 'no_code'],
  ['NotFoundError', 'not_found'],
  ['ExpiredError', 'expired'],
  ['AlreadyUsedError', 'used'],
])

function isAboutCode(error: Error | undefined): boolean {
  return words.has(error?.name ?? '')
}

function wordOf(error: Error | undefined): Parameters<LibraryPages['deviceCode']>[1] {
  return words.get(error?.name ?? '') ?? null
}
