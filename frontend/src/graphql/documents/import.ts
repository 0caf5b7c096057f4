import { graphql } from '../generated/gql.ts'

export const composeProjectsQuery = graphql(`
  query ComposeProjects($nodeId: ID!) {
    composeProjects(nodeId: $nodeId) {
      name
      services
      workingDirectory
      containers {
        id
        state
      }
    }
  }
`)

export const importPreviewQuery = graphql(`
  query ImportPreview($nodeId: ID!, $input: ImportAppInput!) {
    importPreview(nodeId: $nodeId, input: $input) {
      folder
      mustConfirm
      file
      composeContent
      problem
      isDrafted
      mergedFrom
      variables
      secrets
      validation {
        ...ValidationFields
      }
    }
  }
`)

export const importApp = graphql(`
  mutation ImportApp($nodeId: ID!, $input: ImportAppInput!) {
    importApp(nodeId: $nodeId, input: $input) {
      operation {
        ...OperationFields
      }
      app {
        ...AppFields
      }
    }
  }
`)

/** The app's own node is down. */
export const recreateApp = graphql(`
  mutation RecreateApp($id: ID!, $nodeId: ID!) {
    recreateApp(id: $id, nodeId: $nodeId) {
      operation {
        ...OperationFields
      }
      app {
        ...AppFields
      }
    }
  }
`)
