import { graphql } from './generated/gql.ts'

export const settingsQuery = graphql(`
  query Settings {
    settings {
      cloudflareApiToken
      cloudflareAccountId
    }
  }
`)

export const updateSettings = graphql(`
  mutation UpdateSettings($input: UpdateSettingsInput!) {
    updateSettings(input: $input) {
      cloudflareApiToken
      cloudflareAccountId
    }
  }
`)
