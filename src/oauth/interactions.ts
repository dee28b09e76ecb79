import type { IncomingMessage, ServerResponse } from 'node:http'
import { errors } from 'oidc-provider'
import type Provider from 'oidc-provider'
import type { SignedIn } from '../identity/login-session.ts'
import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/id.ts'
import type { RandomSource } from '../lib/random.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { answerPage, redirect } from './answers.ts'
import { consentRequest, formActionOf } from './consent-request.ts'
import type { ConsentStore } from './consent-store.ts'
import { grantConsent } from './grant-consent.ts'
import type { Interactions, LibraryPages } from './interaction.ts'
import type { Library } from './library.ts'
import { cookieOf } from './library-request.ts'
import { newRequestState, runRequest } from './request-state.ts'
import { isOpenTo } from './resources.ts'
import type { Resource, Resources } from './resources.ts'

export interface InteractionsDependencies {
  /** The library as it is now: a new signing key makes a new one. */
  readonly library: () => Library
  readonly consents: ConsentStore
  readonly resources: Resources
  readonly pages: LibraryPages
  readonly clock: Clock
  readonly random: RandomSource
  readonly emit: Emit
}

type Interaction = InstanceType<Provider['Interaction']>

/** Authorization requests that wait for a person: what the pages ask, and what they answer. */
export function createInteractions(parts: InteractionsDependencies): Interactions {
  const { pages } = parts
  const library = () => parts.library().provider

  /** Runs as part of the authorization server, for whoever is signed in. */
  const within = <T>(
    request: IncomingMessage,
    signedIn: SignedIn | null,
    work: () => Promise<T>,
  ): Promise<T> => {
    const state = { request, requestId: '', endpoint: 'interaction', signedIn, presented: null } as const
    return runRequest(newRequestState(state), work)
  }

  /** The interaction of this browser, and of the page that is shown. */
  const load = async (request: IncomingMessage): Promise<Interaction | undefined> => {
    const uid = cookieOf(request, library().cookieName('interaction'))
    const path = (request.url ?? '').split('?')[0] ?? ''
    return uid === undefined || !path.endsWith(`/${uid}`) ? undefined : library().Interaction.find(uid)
  }

  /** Undefined when it is gone, or not active any more. */
  const clientOf = async (interaction: Interaction) => {
    try {
      return await library().Client.find(clientIdOf(interaction))
    } catch (error) {
      if (error instanceof errors.OIDCProviderError) return undefined
      throw error
    }
  }

  const over = (response: ServerResponse) =>
    showError(
      response,
      pages,
      400,
      'invalid_request',
      'The request is over. Start again from the application.',
    )

  const goOn = async (interaction: Interaction, response: ServerResponse): Promise<void> => {
    await interaction.persist()
    redirect(response, interaction.returnTo)
  }

  return {
    find: (request, _, signedIn) =>
      within(request, signedIn, async () => {
        const interaction = await load(request)
        if (interaction === undefined) return null
        if (interaction.prompt.name === 'login') {
          return { waitsFor: 'login', ...(mustSignInAgain(interaction, signedIn) ? { again: true } : {}) }
        }
        // Another person than the request was made for, or another session of theirs: they are asked anew, as themselves.
        if (!isAskedOf(interaction, signedIn)) return { waitsFor: 'login' }
        const resource = resourceOf(interaction, parts.resources)
        const client = await clientOf(interaction)
        if (resource === undefined || client === undefined) return null
        const request_ = consentRequest(interaction.params, client, resource, signedIn)
        return { waitsFor: 'consent', request: request_, userId: signedIn.userId }
      }),

    describe: (uid) =>
      within(noRequest, null, async () => {
        const interaction = await library().Interaction.find(uid)
        if (interaction === undefined) return null
        const client = await clientOf(interaction)
        if (client === undefined) return null
        const formAction = formActionOf(interaction.params)
        return { clientName: client.clientName ?? client.clientId, formAction }
      }),

    signedIn: (request, response, who) =>
      within(request, who, async () => {
        const interaction = await load(request)
        if (interaction === undefined) return over(response)
        const isLogin = interaction.prompt.name === 'login'
        if (isLogin && mustSignInAgain(interaction, who)) return redirect(response, request.url ?? '')
        const { userId: accountId, session } = who
        const login = { accountId, ts: Math.floor(session.startedAt / 1000), remember: true }
        // A new sign-in is a new session; what was answered for another person is not taken over.
        const before = isLogin ? interaction.lastSubmission : {}
        interaction.session = undefined
        interaction.result = { ...before, login }
        await goOn(interaction, response)
      }),

    allow: (request, response, who, { workspace }) =>
      within(request, who, async () => {
        const interaction = await load(request)
        if (interaction?.prompt.name !== 'consent') return over(response)
        const resource = resourceOf(interaction, parts.resources)
        if (!isAskedOf(interaction, who) || resource === undefined) return over(response)
        const scope = interaction.params['scope']
        const granted = isAllowed(who, workspace, resource)
          ? await grantConsent(
              {
                id: newId('con', parts.random),
                userId: who.userId,
                clientId: clientIdOf(interaction),
                workspace,
                resource: resource.resource,
                scopes: typeof scope === 'string' ? scope.split(' ') : [],
                flow: interaction.deviceCode === undefined ? 'authorization_code' : 'device_code',
                at: parts.clock.now(),
              },
              parts,
            )
          : null
        if (granted === null) {
          const message = 'You are no member of that workspace, or it may not use this server.'
          return showError(response, pages, 403, 'access_denied', message)
        }
        interaction.result = { ...interaction.lastSubmission, consent: { grantId: granted.id } }
        await goOn(interaction, response)
      }),

    deny: (request, response) =>
      within(request, null, async () => {
        const interaction = await load(request)
        if (interaction === undefined) return over(response)
        interaction.result = { error: 'access_denied', error_description: 'the person refused' }
        await goOn(interaction, response)
      }),
  }
}

const noRequest = {} as IncomingMessage

/** Whether it is this very session that the library will go on with: it takes an answer of no other. */
function isAskedOf({ session }: Interaction, signedIn: SignedIn | null): signedIn is SignedIn {
  return signedIn !== null && session?.accountId === signedIn.userId && session.uid === signedIn.session.id
}

/** Whether a session from before the request is not enough, and nobody has signed in since. */
function mustSignInAgain({ prompt, session, iat }: Interaction, signedIn: SignedIn | null): boolean {
  if (prompt.reasons.every((reason) => reason === 'no_session')) return false
  if (signedIn === null || signedIn.session.id === session?.uid) return true
  return signedIn.session.startedAt < iat * 1000
}

function isAllowed({ memberships }: SignedIn, workspace: string, resource: Resource): boolean {
  return memberships.some((member) => member.workspace === workspace) && isOpenTo(resource, workspace)
}

function clientIdOf({ params }: Interaction): string {
  const id = params['client_id']
  return typeof id === 'string' ? id : ''
}

function resourceOf({ params }: Interaction, resources: Resources): Resource | undefined {
  const [asked] = [params['resource']].flat()
  return resources.list().find(({ resource }) => resource === asked)
}

function showError(
  response: ServerResponse,
  pages: LibraryPages,
  status: number,
  code: string,
  message: string,
): void {
  const requestId = String(response.getHeader('x-request-id') ?? '')
  answerPage(response, status, pages, pages.error({ code, message, requestId }))
}
