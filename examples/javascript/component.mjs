// get.mjs as a component of its own, to compose with Xenon: get HOST PORT.
import { getArguments } from 'wasi:cli/environment@0.2.4';
import { Session } from 'xenon:http/session@0.2.0';

export const run = {
  run() {
    const [, host, port] = getArguments();
    const session = new Session('http', host, Number(port)); // no I/O yet
    try {
      const response = session.get('/', []); // the name is looked up here
      console.log(response.status, new TextDecoder().decode(response.content));
    } catch (error) {
      console.error(error.payload?.detail ?? error);
      throw undefined; // `run` answers an error without a value
    }
  },
};
