// A version of the settings that all appliances of a group share, as it crosses rooms and the wire. What follows from
// it is said in sync.

/** What the shared settings are, and how they came to be. */
export interface SettingsVersion {
  /** 1 to 2^32 - 1: one more than that of the version which was edited. */
  readonly generation: number;
  /** The `name` of the appliance on which the edit was made. */
  readonly author: string;
  /** Of the document: 16 hexadecimal digits. */
  readonly digest: string;
}

/** What an appliance says of its shared settings in every message. */
export interface AnnouncedVersion extends SettingsVersion {
  /** The version before; null when none is known. */
  readonly previous: Omit<SettingsVersion, 'author'> | null;
}
