import { shallowRef } from 'vue'
import { doctorQuery } from '../../graphql/documents/settings.ts'
import type { DoctorQuery } from '../../graphql/generated/graphql.ts'
import { toProblem, type Problem } from '../../graphql/problem.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/** What the doctor finds on the node that answers. It looks when it is asked, because that calls every node. */
export function useDoctor() {
  const { client } = useServerConnection()
  const findings = shallowRef<DoctorQuery['doctor']>()
  const problem = shallowRef<Problem>()
  const isLooking = shallowRef(false)

  async function look(): Promise<void> {
    isLooking.value = true
    const { data, error } = await client.query(doctorQuery, {}, { requestPolicy: 'network-only' }).toPromise()
    isLooking.value = false
    problem.value = error && toProblem(error)
    if (data) findings.value = data.doctor
  }

  return { findings, problem, isLooking, look }
}
