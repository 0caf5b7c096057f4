// Allows one setup at a time per checkout, with a lock file that its holder touches. A dead holder's lock goes stale.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** How often the holder touches the lock. */
const TOUCH_MS = 2_000
/** An older lock has lost its holder, even if the process cannot be seen (another container). A busy disk delays a touch far less. */
const STALE_MS = 30_000
const RETRY_MS = 250

export async function withLock(path, work) {
  await acquire(path)
  const touch = setInterval(() => utimesSync(path, new Date(), new Date()), TOUCH_MS)
  try {
    return await work()
  } finally {
    clearInterval(touch)
    rmSync(path, { force: true })
  }
}

async function acquire(path) {
  mkdirSync(dirname(path), { recursive: true })
  let told = false
  while (!tryCreate(path)) {
    if (removeIfStale(path)) continue
    if (!told) console.error('setup: waiting for another setup of this checkout to finish')
    told = true
    await sleep(RETRY_MS)
  }
}

function tryCreate(path) {
  try {
    writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** @returns whether to try again at once */
function removeIfStale(path) {
  const found = read(path)
  if (!found) return true
  if (!isStale(found)) return false
  // Move it aside first: of several waiting processes only one moves this file, and a late one sees that from the content.
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
    if (readFileSync(aside, 'utf8') === found.text) rmSync(aside)
    else renameSync(aside, path)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  return true
}

function read(path) {
  try {
    return { text: readFileSync(path, 'utf8'), touched: statSync(path).mtimeMs }
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function isStale({ text, touched }) {
  if (Date.now() - touched > STALE_MS) return true
  try {
    const { pid, host } = JSON.parse(text)
    return host === hostname() && !alive(pid)
  } catch {
    return false
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
