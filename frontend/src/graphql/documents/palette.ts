import { graphql } from '../generated/gql.ts'

/** Containers that the server finds in all of its lists. */
export const containersLikeQuery = graphql(`
  query ContainersLike($search: String!) {
    containers(first: 6, filter: { search: $search }) {
      nodes {
        id
        nodeId
        name
        image
        state
        lastKnownState
      }
    }
  }
`)
