// An authority and certificates that it signs, made by openssl, for tests. No connections.
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly certificateFile: string;
  readonly privateKeyFile: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Authority {
  readonly #folder: string;
  readonly #name: string;

  /** @param folder where its files are, and all that it signs. */
  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    const { certificateFile, privateKeyFile } = this.#filesOf(name);
    openssl('req', '-x509', ...NEW_KEY, '-keyout', privateKeyFile, '-out', certificateFile, [
      '-subj',
      `/CN=${name}`,
      '-days',
      '2',
    ]);
  }

  get caFile(): string {
    return this.#filesOf(this.#name).certificateFile;
  }

  /**
   * For a server and a client at once, as etcd wants it.
   * @param names of its subjectAltName: `IP:127.0.0.1`, `DNS:witness.example`.
   */
  sign(name: string, names: string, isOver = false): Certificate {
    const files = this.#filesOf(name);
    const at = (what: string): string => join(this.#folder, `${this.#name}-${name}.${what}`);
    const { privateKeyFile, certificateFile } = files;
    openssl('req', ...NEW_KEY, '-keyout', privateKeyFile, '-out', at('csr'), [
      '-subj',
      `/CN=${name}`,
    ]);
    writeFileSync(at('index'), '');
    writeFileSync(at('serial'), '01\n');
    const own = this.#filesOf(this.#name);
    writeFileSync(
      at('conf'),
      `[ca]\ndefault_ca=one\n[one]\ndatabase=${at('index')}\nserial=${at('serial')}\nnew_certs_dir=${this.#folder}\n` +
        `default_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n` +
        `[leaf]\nsubjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`,
    );
    const [from, to] = isOver
      ? ['20200101000000Z', '20200102000000Z']
      : ['20200101000000Z', '20491231000000Z'];
    const how = ['-config', at('conf'), '-extensions', 'leaf', '-startdate', from, '-enddate', to];
    const by = ['-cert', own.certificateFile, '-keyfile', own.privateKeyFile];
    openssl('ca', '-batch', '-notext', how, by, ['-in', at('csr'), '-out', certificateFile]);
    chmodSync(privateKeyFile, 0o600);
    return files;
  }

  #filesOf(name: string): Certificate {
    const path = join(this.#folder, `${this.#name}-${name}`);
    return { certificateFile: `${path}.crt`, privateKeyFile: `${path}.key` };
  }
}

function openssl(...words: readonly (string | readonly string[])[]): void {
  execFileSync('openssl', words.flat(), { stdio: ['ignore', 'pipe', 'pipe'] });
}
