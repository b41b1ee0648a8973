// Fetches a page: node get.mjs HOST PORT.
import { session } from './xenon/xenon.js';

const [host, port] = process.argv.slice(2);
const origin = new session.Session('http', host, Number(port)); // no I/O yet
try {
  const response = origin.get('/', []); // the name is looked up here
  console.log(response.status, new TextDecoder().decode(response.content));
} catch (error) {
  console.error(error.payload?.detail ?? error); // the payload is a record `error` of wit/types.wit
  process.exitCode = 1;
}
