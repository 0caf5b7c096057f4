import { graphql } from '../generated/gql.ts'

export const settingsQuery = graphql(`
  query Settings {
    settings {
      cloudflareApiToken
      cloudflareAccountId
      primaryUrl
    }
  }
`)

export const updateSettings = graphql(`
  mutation UpdateSettings($input: UpdateSettingsInput!) {
    updateSettings(input: $input) {
      cloudflareApiToken
      cloudflareAccountId
      primaryUrl
    }
  }
`)

export const changePrimaryUrl = graphql(`
  mutation ChangePrimaryUrl($url: String!) {
    changePrimaryUrl(url: $url) {
      nodeId
      nodeName
      ok
      error
    }
  }
`)

export const registryCredentialsQuery = graphql(`
  query RegistryCredentials {
    registryCredentials {
      registry
      username
      updatedAt
      rateLimit {
        limit
        remaining
        asOf
      }
      pausedUntil
    }
  }
`)

export const setRegistryCredential = graphql(`
  mutation SetRegistryCredential($registry: String!, $username: String, $password: String) {
    setRegistryCredential(registry: $registry, username: $username, password: $password) {
      registry
      username
      updatedAt
    }
  }
`)
