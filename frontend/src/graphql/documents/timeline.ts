import { graphql } from '../generated/gql.ts'

export const timelineFields = graphql(`
  fragment TimelineFields on Timeline {
    more
    error
    entries {
      kind
      what
      at
      until
      app
      name
      detail
      times
    }
  }
`)

export const nodeTimelineQuery = graphql(`
  query NodeTimeline($nodeId: ID!, $to: DateTime) {
    nodeTimeline(nodeId: $nodeId, to: $to) {
      ...TimelineFields
    }
  }
`)

export const appTimelineQuery = graphql(`
  query AppTimeline($appId: ID!, $to: DateTime) {
    appTimeline(appId: $appId, to: $to) {
      ...TimelineFields
    }
  }
`)
