// `understudy keygen`: has a new shared secret written where the settings say. The secret itself is
// never seen here.
import { credentialRefusal } from '../../config/credential.js';
import { loadSettings } from '../../config/load.js';
import { answer, fail, failSettings, refusalToAct } from '../failures.js';
import { EXIT, type ConfigChoice, type Surroundings } from '../surroundings.js';

/** @returns the exit code. */
export async function writeKey(
  surroundings: Surroundings,
  config: ConfigChoice,
  force: boolean,
): Promise<number> {
  const foreign = await refusalToAct(surroundings, config.path);
  if (foreign !== null) return foreign;
  const result = loadSettings(config.path);
  if (!result.ok) return failSettings(surroundings, result.errors, config.path);
  const { keyFile } = result.settings.ha;
  if (keyFile === null) {
    return fail(
      surroundings,
      EXIT.usage,
      `expected ha.keyFile in ${config.path}, found none: there is no place to write the key to`,
      'add keyFile: /etc/understudy/ha.key below ha:, then run this again',
    );
  }
  const refusal = credentialRefusal(keyFile);
  if (refusal !== null) return fail(surroundings, EXIT.usage, refusal);
  try {
    await surroundings.actAsOwner(keyFile);
    await surroundings.keygen(keyFile, force);
  } catch (error) {
    // The message holds the remedy: it knows what stands in the way.
    return fail(surroundings, EXIT.failed, error instanceof Error ? error.message : String(error));
  }
  if (surroundings.json === true) {
    return answer(surroundings, { ok: true, file: keyFile }, EXIT.done);
  }
  surroundings.stdout.write(
    `a new key is in ${keyFile}: copy the file to the same place on every peer (mode 0600, the owner as here: the agent's user), then start the agents, or "understudy reload" on each\n`,
  );
  return EXIT.done;
}
