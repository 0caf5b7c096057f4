import { existsSync } from 'node:fs'
import { readConfig, type Config, type Environment } from './config.ts'
import { readKeptRole } from './nodes/kept-role.ts'

/** The environment, and `.env` in the working directory. */
export function environment(): Environment {
  if (existsSync('.env')) process.loadEnvFile('.env')
  return process.env
}

/** What this program, and every command beside it, goes by: the environment and what the data folder holds. @throws StartError */
export const ownConfig = (): Config => readConfig(environment(), readKeptRole)
