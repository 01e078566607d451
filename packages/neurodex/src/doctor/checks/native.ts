import { type Finding, fine, problem } from '../finding.ts';
import type { Machine } from '../machine.ts';

const REINSTALL = 'install again on this platform, and with the optional packages: npm install';

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';

/** Why a native part could not be loaded, and what helps. */
function unloadable(name: string, what: string, error: unknown, { platform }: Machine): Finding {
  const reason = reasonOf(error);
  const hint = /GLIBC_|GLIBCXX_/.test(reason)
    ? 'the system is too old for the binaries: use a newer one'
    : platform === 'win32' && /could not be found|ERR_DLOPEN_FAILED|specified module/i.test(reason)
      ? 'install the Visual C++ Redistributable of Microsoft'
      : REINSTALL;
  return problem(name, `${what} cannot be loaded: ${reason}`, hint, { reason });
}

/** ONNX Runtime: its version and devices, and whether a graph runs on the one that is used. @param device that is used */
export async function checkEngine(machine: Machine, device: string): Promise<Finding[]> {
  const { native } = machine;
  let facts: Awaited<ReturnType<typeof native.engine>>;
  try {
    facts = await native.engine();
  } catch (error) {
    return [unloadable('onnx', 'ONNX Runtime', error, machine)];
  }
  const { version, devices } = facts;
  const offered = fine('onnx', `ONNX Runtime ${version}, built for ${devices.join(', ')}`, { version, devices });
  return [offered, await selfTest(machine, device)];
}

async function selfTest({ native }: Machine, device: string): Promise<Finding> {
  const began = performance.now();
  const hint =
    device === 'cpu'
      ? REINSTALL
      : 'run on the CPU, as all commands do by default, or install the drivers of the device';
  try {
    const wrong = await native.compute(device);
    if (wrong !== undefined) return problem('device', `a graph on ${device} computed ${wrong}`, hint, { device });
  } catch (error) {
    return problem('device', `no graph runs on ${device}: ${reasonOf(error)}`, hint, { device });
  }
  const seconds = (performance.now() - began) / 1000;
  return fine('device', `${device} ran a graph in ${seconds.toFixed(1)} s`, { device, seconds });
}

/** sharp and libvips, and whether a picture comes out as it went in. */
export async function checkPictures(machine: Machine): Promise<Finding[]> {
  const { native } = machine;
  try {
    const { sharp, libvips } = await native.pictures();
    const facts = { sharp, libvips };
    const wrong = await native.decode();
    const told = `sharp ${sharp} with libvips ${libvips}`;
    return [
      wrong === undefined
        ? fine('pictures', `${told} decoded a picture`, facts)
        : problem('pictures', `${told} decoded a picture wrongly: ${wrong}`, REINSTALL, facts),
    ];
  } catch (error) {
    return [unloadable('pictures', 'sharp, which decodes pictures,', error, machine)];
  }
}
