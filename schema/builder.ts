import SchemaBuilder from '@pothos/core'
import RelayPlugin from '@pothos/plugin-relay'
import type { Services } from '../api/services.ts'

export interface Context {
  services: Services
}

/** The only place where plugins and scalars are set up. */
export const builder = new SchemaBuilder<{
  Context: Context
  DefaultFieldNullability: false
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    BigInt: { Input: number; Output: number }
  }
}>({
  plugins: [RelayPlugin],
  defaultFieldNullability: false,
  relay: {
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    // `Node` is a machine here.
    nodeTypeOptions: { name: 'RelayNode' },
    nodesOnConnection: true,
    cursorType: 'String',
    firstArgOptions: { description: '1 to 500; 50 when left out.' },
  },
})

builder.scalarType('DateTime', {
  description: 'A moment in ISO 8601, in UTC.',
  serialize: (value) => value.toISOString(),
  parseValue(value) {
    const date = new Date(typeof value === 'string' ? value : Number.NaN)
    if (Number.isNaN(date.getTime())) throw new TypeError('must be a date and time in ISO 8601')
    return date
  },
})

builder.scalarType('BigInt', {
  description: 'A whole number beyond 32 bits, such as a count of bytes, as a JSON number.',
  serialize: (value) => Math.round(value),
  parseValue(value) {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new TypeError('must be a whole number')
    return value
  },
})

builder.queryType()
builder.mutationType()
builder.subscriptionType()
builder.globalConnectionField('totalCount', (t) =>
  t.int({ resolve: (connection) => (connection as unknown as { totalCount: number }).totalCount }),
)
