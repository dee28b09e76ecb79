import { SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { JsonSpanBatch } from './otlp-json.ts'
import { ProtobufSpanBatch } from './otlp-protobuf.ts'
import type { SpanBatch } from './span-queue.ts'
import type { Attribute, Span, SpanSource } from './span.ts'
import { readJson, readProtobuf } from '../../test/support/otlp-read.ts'

const source: SpanSource = {
  resource: [
    ['service.name', 'sallyport'],
    ['service.version', '1.2.3'],
  ],
  scope: { name: 'sallyport', version: '1.2.3' },
}

function encoded(batch: SpanBatch, spans: readonly Span[]): Buffer {
  for (const span of spans) batch.add(span)
  return batch.whole()
}
const encodeProtobuf = (spans: readonly Span[]) => encoded(new ProtobufSpanBatch(source), spans)
const encodeJson = (spans: readonly Span[]) => encoded(new JsonSpanBatch(source), spans)

// The official serializers group by the object, not by what it says.
const resource = resourceFromAttributes(Object.fromEntries(source.resource))

/** The same span as the official SDK holds it. */
function official(span: Span): ReadableSpan {
  const context = (traceId: string, spanId: string, isRemote: boolean) => ({
    traceId,
    spanId,
    isRemote,
    traceFlags: TraceFlags.SAMPLED,
  })
  const time = (milliseconds: number): [number, number] => {
    const micros = Math.round(milliseconds * 1000)
    return [Math.floor(micros / 1e6), (micros % 1e6) * 1000]
  }
  const { traceId, spanId, parentSpanId, remoteParent } = span
  return {
    name: span.name,
    kind: span.kind === 'server' ? 1 : 2,
    spanContext: () => context(traceId, spanId, false),
    ...(parentSpanId === null ? {} : { parentSpanContext: context(traceId, parentSpanId, remoteParent) }),
    startTime: time(span.startedAt),
    endTime: time(span.endedAt),
    duration: [0, 0],
    status: { code: span.failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: Object.fromEntries(span.attributes),
    links: span.links.map((link) => ({ context: context(link.traceId, link.spanId, true), attributes: {} })),
    events: [],
    ended: true,
    resource,
    instrumentationScope: source.scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

const hex = (digits: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
    .map((all) => all.join(''))
    .filter((id) => /[1-9a-f]/.test(id))
const value = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.boolean(),
  fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Number.isInteger(number)),
)
const parent = fc.option(hex(16))
const span: fc.Arbitrary<Span> = fc
  .record({
    traceId: hex(32),
    spanId: hex(16),
    parentSpanId: parent,
    name: fc.string({ maxLength: 200 }),
    kind: fc.constantFrom('server', 'client'),
    startedAt: fc.double({ min: 1.6e12, max: 1.9e12, noNaN: true }),
    endedAt: fc.double({ min: 1.6e12, max: 1.9e12, noNaN: true }),
    attributes: fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z][a-z._]{0,40}$/), value), {
        selector: ([key]) => key,
        maxLength: 20,
      })
      .map((all): readonly Attribute[] => all),
    links: fc.array(fc.record({ traceId: hex(32), spanId: hex(16) }), { maxLength: 3 }),
    failed: fc.boolean(),
  })
  .chain((one) =>
    fc.boolean().map((remote) => ({ ...one, remoteParent: remote && one.parentSpanId !== null })),
  )
const spans = fc.array(span, { minLength: 1, maxLength: 8 })

it('our protobuf says what the official serializer says', () => {
  fc.assert(
    fc.property(spans, (some) => {
      const theirs = ProtobufTraceSerializer.serializeRequest(some.map(official))
      expect(readProtobuf(encodeProtobuf(some))).toEqual(readProtobuf(Buffer.from(theirs ?? [])))
    }),
    { numRuns: 200 },
  )
})

it('our JSON says what the official serializer says, and what our protobuf says', () => {
  fc.assert(
    fc.property(spans, (some) => {
      const theirs = JsonTraceSerializer.serializeRequest(some.map(official))
      const ours = readJson(encodeJson(some))
      expect(ours).toEqual(readJson(Buffer.from(theirs ?? [])))
      expect(ours).toEqual(readProtobuf(encodeProtobuf(some)))
    }),
    { numRuns: 200 },
  )
})

it.each([
  ['protobuf', () => new ProtobufSpanBatch(source), readProtobuf],
  ['JSON', () => new JsonSpanBatch(source), readJson],
] as const)('an emptied batch in %s has nothing left of before', (_, make, read) => {
  fc.assert(
    fc.property(spans, spans, (before, after) => {
      const batch = make()
      encoded(batch, before)
      batch.empty()
      expect(batch.items).toBe(0)
      expect(read(encoded(batch, after))).toEqual(read(encoded(make(), after)))
    }),
    { numRuns: 50 },
  )
})

it('a batch larger than any buffer at hand is whole', () => {
  const text = 'é'.repeat(5000)
  const many = Array.from({ length: 500 }, (_, place): Span => ({
    traceId: '1'.repeat(32),
    spanId: '2'.repeat(16),
    parentSpanId: null,
    remoteParent: false,
    name: `span ${place}`,
    kind: 'server',
    startedAt: 1.7e12,
    endedAt: 1.7e12 + 1,
    attributes: [['long', text]],
    links: [],
    failed: false,
  }))
  const read = readProtobuf(encodeProtobuf(many))
  expect(read.map(({ name }) => name)).toEqual(many.map(({ name }) => name))
  expect(read.every(({ attributes }) => attributes['long'] === text)).toBe(true)
})
