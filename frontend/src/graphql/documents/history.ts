import { graphql } from '../generated/gql.ts'

export const historyFields = graphql(`
  fragment HistoryFields on History {
    source
    error
    from
    stepSeconds
    moreSeries
    series {
      kind
      name
      metrics {
        name
        values
      }
    }
    marks {
      kind
      at
      until
      app
      name
      times
      version
      detail
    }
  }
`)

export const nodeHistoryValues = graphql(`
  query NodeHistoryValues($nodeId: ID!, $from: DateTime!, $containers: [String!]) {
    nodeHistory(nodeId: $nodeId, from: $from, containers: $containers) {
      ...HistoryFields
    }
  }
`)

export const appHistoryValues = graphql(`
  query AppHistoryValues($appId: ID!, $from: DateTime!, $services: [String!]) {
    appHistory(appId: $appId, from: $from, services: $services) {
      ...HistoryFields
    }
  }
`)
