import { graphql } from '../generated/gql.ts'

/** The way out of a problem that says `the external network "NAME" does not exist on this node`. */
export const createNetworkMutation = graphql(`
  mutation CreateNetwork($nodeId: ID!, $name: String!) {
    createNetwork(nodeId: $nodeId, name: $name) {
      id
      name
    }
  }
`)
