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
