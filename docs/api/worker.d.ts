
export {}