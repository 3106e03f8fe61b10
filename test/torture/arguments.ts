/** Arguments of the commands here. */

/**
 * A check for yargs: that each of some options is a number from 0 on where it is given, which `type: 'number'` does not ask for.
 * @throws Error that names the first that is none
 */
export function numbers(...names: readonly string[]): (given: Record<string, unknown>) => true {
  return (given) => {
    for (const name of names)
      if (given[name] !== undefined && !(Number.isFinite(given[name]) && (given[name] as number) >= 0))
        throw new Error(`--${name} must be a number from 0 on.`);
    return true;
  };
}
