import { graphql } from '../generated/gql.ts'

export const recentEventsQuery = graphql(`
  query RecentEvents($first: Int!) {
    recentEvents(first: $first) {
      at
      node {
        id
        name
      }
      operation {
        ...OperationFields
      }
      status
      reason
    }
  }
`)

/** The newest operation of each app that failed. */
export const failedOperationsQuery = graphql(`
  query FailedOperations {
    operations(first: 100, filter: { latest: true, status: [FAILED, INTERRUPTED] }) {
      nodes {
        ...OperationFields
      }
    }
  }
`)

export const recentUsageQuery = graphql(`
  query RecentUsage($hours: Int!, $first: Int!) {
    recentUsage(hours: $hours, first: $first) {
      node {
        id
        name
        status
      }
      history {
        from
        stepSeconds
        series {
          kind
          name
          metrics {
            name
            values
          }
        }
      }
    }
  }
`)
