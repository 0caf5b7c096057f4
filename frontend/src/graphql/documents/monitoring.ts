import { graphql } from '../generated/gql.ts'

export const nodeStatsFields = graphql(`
  fragment NodeStatsFields on NodeStats {
    nodeId
    state
    error
    asOf
    load
    network {
      receivedBytes
      sentBytes
    }
    uptimeSeconds
    cpu {
      usagePercent
      cores
    }
    memory {
      totalBytes
      usedBytes
      availableBytes
      swapTotalBytes
      swapUsedBytes
    }
    disks {
      mount
      filesystem
      totalBytes
      usedBytes
    }
    docker {
      available
      error
      version
      composeVersion
      running
      paused
      stopped
      images
    }
    containers {
      id
      name
      appName
      service
      state
      cpuPercent
      memoryBytes
      memoryLimitBytes
      networkRxBytes
      networkTxBytes
      blockReadBytes
      blockWriteBytes
    }
    moreContainers
    moreDisks
  }
`)

export const systemStatsQuery = graphql(`
  query SystemStats {
    systemStats {
      ...NodeStatsFields
    }
  }
`)

export const nodeStats = graphql(`
  subscription NodeStats($nodeId: ID!) {
    nodeStats(nodeId: $nodeId) {
      ...NodeStatsFields
    }
  }
`)

export const nodeUsageFields = graphql(`
  fragment NodeUsageFields on NodeStats {
    nodeId
    state
    cpu {
      usagePercent
    }
    memory {
      totalBytes
      usedBytes
    }
    disks {
      mount
      totalBytes
      usedBytes
    }
  }
`)

export const nodeUsageChanged = graphql(`
  subscription NodeUsageChanged {
    nodeStatsChanged {
      ...NodeUsageFields
    }
  }
`)
