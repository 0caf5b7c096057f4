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

export const notificationChannelsQuery = graphql(`
  query NotificationChannels {
    notificationChannels {
      id
      name
      kind
      address
      minSeverity
      labels {
        key
        value
      }
      email {
        host
        port
        security
        username
        from
        to
      }
      hasSecret
      waiting
      deliveries(first: 20) {
        id
        event
        title
        state
        attempts
        createdAt
        nextAt
        error
      }
    }
  }
`)

export const createNotificationChannel = graphql(`
  mutation CreateNotificationChannel($kind: NotificationChannelKind!, $input: NotificationChannelInput!) {
    createNotificationChannel(kind: $kind, input: $input) {
      id
    }
  }
`)

export const updateNotificationChannel = graphql(`
  mutation UpdateNotificationChannel($id: ID!, $input: NotificationChannelInput!) {
    updateNotificationChannel(id: $id, input: $input) {
      id
    }
  }
`)

export const removeNotificationChannel = graphql(`
  mutation RemoveNotificationChannel($id: ID!) {
    removeNotificationChannel(id: $id)
  }
`)

export const testNotificationChannel = graphql(`
  mutation TestNotificationChannel($id: ID!) {
    testNotificationChannel(id: $id) {
      id
      state
      error
    }
  }
`)

export const notificationsChanged = graphql(`
  subscription NotificationsChanged {
    notificationsChanged
  }
`)

export const backupsQuery = graphql(`
  query Backups {
    backups {
      folder
      files {
        name
        sizeBytes
        madeAt
      }
      state {
        ...BackupStateFields
      }
    }
  }
`)

export const makeBackup = graphql(`
  mutation MakeBackup {
    makeBackup {
      state {
        ...BackupStateFields
      }
    }
  }
`)

export const doctorQuery = graphql(`
  query Doctor {
    doctor {
      subject
      state
      message
      remedy
    }
  }
`)
