import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SignedIn } from '../identity/login-session.ts'

/** What a consent page must say (OAuth 2.1 section 7.3.1; MCP authorization 2026-07-28). */
export interface ConsentRequest {
  readonly client: {
    readonly id: string
    readonly name: string
    /** The host that vouches for a client named by its metadata document; null for others. */
    readonly documentHost: string | null
  }
  /** Host of the redirect URI, or `this device` for loopback ones; null in the device flow. */
  readonly redirectHost: string | null
  /** The answer goes to a loopback redirect URI: any program on the device may claim to be the client. */
  readonly localOnly: boolean
  readonly scopes: readonly string[]
  /** Upstreams the access covers, by name. */
  readonly upstreams: readonly string[]
  /** The workspaces the signed-in user may choose from: those the upstreams are open to. */
  readonly workspaces: readonly string[]
  /** Where the browser goes afterwards: the page's `form-action` must name it, or the way back is blocked (T53). */
  readonly formAction: readonly string[]
}

/** What an authorization request waits for. */
export type PendingInteraction =
  | {
      readonly waitsFor: 'login'
      /** Whoever is signed in must sign in once more (`prompt=login`, `max_age`): being signed in is not enough. */
      readonly again?: true
    }
  | { readonly waitsFor: 'consent'; readonly request: ConsentRequest; readonly userId: string }

/** Authorization requests that wait for a person. The pages ask here; the answers go back to the client's redirect. */
export interface Interactions {
  /** Null when it is over, unknown, or of another browser. */
  find(
    request: IncomingMessage,
    response: ServerResponse,
    signedIn: SignedIn | null,
  ): Promise<PendingInteraction | null>
  /**
   * What the sign-in page before a request must know of it; null when it is over or unknown. Needs no cookie of the
   * library's, which goes to the consent page alone: nobody's secret is in the answer.
   */
  describe(
    uid: string,
  ): Promise<{ readonly clientName: string; readonly formAction: readonly string[] } | null>
  /**
   * The person is signed in: answers the request's next step with a redirect. Where they must sign in again, a session
   * from before the request leads back to the same page.
   */
  signedIn(request: IncomingMessage, response: ServerResponse, who: SignedIn): Promise<void>
  /** The person agrees, for one workspace of theirs. Redirects to the client. */
  allow(
    request: IncomingMessage,
    response: ServerResponse,
    who: SignedIn,
    choice: { readonly workspace: string },
  ): Promise<void>
  /** The person refuses: `access_denied` to the client. */
  deny(request: IncomingMessage, response: ServerResponse): Promise<void>
}

/** The pages the library asks for in the middle of its work. Each answers a whole HTML document. */
export interface LibraryPages {
  /** The response fields each of them is sent with, their content policy among them: name, value … */
  readonly fields: readonly string[]
  /** Asks for a user code; `error` says why the last one was not taken. `form` is the library's own form fields. */
  deviceCode(
    form: DeviceForm,
    error: 'no_code' | 'not_found' | 'expired' | 'used' | 'rate_limited' | null,
  ): string
  /**
   * Shows the code and the client again before it goes on (RFC 8628 section 5.4). Its second button, named `abort` with
   * any value, refuses.
   */
  deviceConfirm(form: DeviceForm, client: { readonly name: string }, userCode: string): string
  deviceDone(outcome: 'allowed' | 'denied'): string
  /** An error that must not go to the client's redirect URI (section 4.1.2.1 of RFC 6749). */
  error(error: { readonly code: string; readonly message: string; readonly requestId: string }): string
}

export interface DeviceForm {
  readonly action: string
  /** Ready hidden inputs: name and value. */
  readonly hidden: readonly (readonly [name: string, value: string])[]
}
