import { existsSync } from 'node:fs'
import { readConfig, type Config, type Environment } from './config.ts'
import { readKeptRole } from './cluster/home/kept-role.ts'

/** The environment, including `.env` in the working directory. */
export function environment(): Environment {
  if (existsSync('.env')) process.loadEnvFile('.env')
  return process.env
}

/** The configuration of the server and of every command, from the environment and the data folder. @throws StartError */
export const ownConfig = (): Config => readConfig(environment(), readKeptRole)
