import { graphql } from '../generated/gql.ts'

export const nodeStatsFields = graphql(`
  fragment NodeStatsFields on NodeStats {
    nodeId
    state
    error
    asOf
    load
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
