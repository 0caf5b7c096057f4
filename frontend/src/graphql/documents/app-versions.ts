import { graphql } from '../generated/gql.ts'

export const versionFields = graphql(`
  fragment VersionFields on AppVersion {
    number
    createdAt
    author
    reason
    outcome
    profiles
    volumesCopied
    images {
      service
      image
      digest
    }
  }
`)

export const appVersionsQuery = graphql(`
  query AppVersions($id: ID!, $first: Int!, $after: String) {
    app(id: $id) {
      id
      versions(first: $first, after: $after) {
        nodes {
          ...VersionFields
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`)

/** Everything in one version but its secrets. */
export const appVersionQuery = graphql(`
  query AppVersion($appId: ID!, $number: Int!) {
    appVersion(appId: $appId, number: $number) {
      ...VersionFields
      composeContent
      environment {
        name
        value
        secret
      }
      files {
        path
        content
        secret
      }
    }
  }
`)

export const rollbackApp = graphql(`
  mutation RollbackApp($id: ID!, $version: Int!, $copyVolumes: Boolean!) {
    rollbackApp(id: $id, version: $version, copyVolumes: $copyVolumes) {
      operation {
        ...OperationFields
      }
    }
  }
`)
