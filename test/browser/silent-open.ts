const open = IDBFactory.prototype.open.bind(indexedDB);
IDBFactory.prototype.open = (name, version) =>
  Object.assign(open(name, version), { addEventListener: () => {} }) as IDBOpenDBRequest;
